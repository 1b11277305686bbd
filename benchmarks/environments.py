"""Review environments by the dozen: seconds to make, disk, memory, and what production loses meanwhile.

Each is made from a template of ``--mb`` megabytes by ``greenroom env create``, as a person would; every second one is put to
sleep again. Production answers a load all the time. At the end one sweep removes them all.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.machine import described, load_average
from benchmarks.stand import ROOT
from benchmarks.stats import spread

sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from environments import branch, sql
from shop import Shop, git, processes_of

FILLER = "create table filler as select g as id, repeat(md5(g::text), 30) as text from generate_series(1, {rows}) g"
ROW_BYTES = 1024


def main(arguments: list[str]) -> int:
    """Measure and write the results."""
    wanted = _parsed(arguments)
    folder = Path(tempfile.mkdtemp(prefix="greenroom-environments-", dir=wanted.folder))
    shop = Shop(folder / "marketplace")
    try:
        shop.make()
        toml = shop.folder / "greenroom.toml"
        text = toml.read_text().replace('name = "fb-{issue}"', 'name = "fb-{issue}"\ntemplate = "big"')
        toml.write_text(text.replace('watch = "5s"', 'watch = "1s"'))
        shop.commit("a template for branches")
        shop.json("up")
        shop.seed(24)
        _template(shop, wanted.mb)
        found = measure(shop, wanted.count)
    finally:
        shop.destroy()
        shutil.rmtree(folder, ignore_errors=True)
    wanted.out.parent.mkdir(parents=True, exist_ok=True)
    wanted.out.write_text(
        json.dumps({"machine": described(), "template_mb": wanted.mb, **found}, indent=1) + "\n"
    )
    print(f"results in {wanted.out}")
    return 0


def measure(shop: Shop, count: int) -> dict[str, Any]:
    """Make them one after the other, then remove all in one sweep."""
    made: list[float] = []
    clones: list[float] = []
    disk: list[float] = []
    load_before = load_average()
    with shop.load(30.0, get=2, fresh=1, post=1, slow=1, upload=1, static=1) as load:
        for number in range(1, count + 1):
            name = f"anna/AFO-{number}_x"
            branch(shop, name, "the same for all")
            before = _used(shop.folder)
            done = shop.run("--progress", "json", "--json", "env", "create", name, timeout=600)
            assert done.returncode == 0, done.stderr[-2000:]
            made.append(float(json.loads(done.stdout)["result"]["seconds"]))
            clones.append(_step(done.stderr, "database"))
            disk.append((_used(shop.folder) - before) / 1e6)
            if number % 2:
                shop.json("env", "sleep", f"fb-{number}")
            print(
                f"{number:3}  {made[-1]:6.1f} s, database {clones[-1]:.2f} s, {disk[-1]:.0f} MB", flush=True
            )
        asleep = [f".fb-{n}-" for n in range(1, count + 1, 2)]
        lines = [line for _, line in processes_of(shop.state)]
        sleeping = sum(any(name in line for name in asleep) for line in lines)
        for number in range(1, count + 1):
            git(shop.folder, "branch", "-q", "-D", f"anna/AFO-{number}_x")
        began = time.monotonic()
        swept = shop.json("sweep", "--apply", "--most", str(count), timeout=1800)
        seconds = time.monotonic() - began
        tally = load.stop()
    left = [d for d in sql(shop, "select datname from pg_database") if "_fb_" in d]
    return {
        "environments": count,
        "create_s": spread(made),
        "database_s": spread(clones),
        "disk_mb": spread(disk),
        "processes_of_sleeping": sleeping,
        "sweep_s_each": round(seconds / count, 2),
        "removed": len(swept["receipts"]),
        "left": left,
        "production_requests": tally.requests,
        "production_lost": tally.lost,
        "load_average": [load_before, load_average()],
    }


def _template(shop: Shop, mb: int) -> None:
    """Fill production's database up to the wanted size, and make a template of it."""
    script = (
        "import os, psycopg; c = psycopg.connect(os.environ['DATABASE_URL'], autocommit=True);"
        f"c.execute({FILLER.format(rows=mb * 1_000_000 // ROW_BYTES)!r})"
    )
    done = shop.run("run", "--", "python", "-c", script, timeout=900)
    assert done.returncode == 0, done.stderr
    rules = shop.folder / "template-rules.toml"
    rules.write_text(rules.read_text() + '\n[tables.filler]\ntext = "keep"\n')
    shop.json("template", "refresh", "big", timeout=1800)


def _used(folder: Path) -> int:
    seen = os.statvfs(folder)
    return (seen.f_blocks - seen.f_bfree) * seen.f_frsize


def _step(events: str, what: str) -> float:
    """Seconds of the step that makes sure of that resource."""
    started = ""
    for line in events.splitlines():
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("event") == "step.started":
            started = event.get("text", "")
        if event.get("event") == "step.done" and what in started:
            return float(event["seconds"])
    return 0.0


def _parsed(arguments: list[str]) -> argparse.Namespace:
    read = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    read.add_argument("--count", type=int, default=30, help="how many environments  [default: 30]")
    read.add_argument("--mb", type=int, default=1000, help="size of the template  [default: 1000]")
    read.add_argument(
        "--folder", type=Path, help="a folder on the file system to measure  [default: the usual one]"
    )
    read.add_argument(
        "--out",
        type=Path,
        default=ROOT / "benchmarks" / "results" / f"environments-{time.strftime('%F')}.json",
    )
    return read.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
