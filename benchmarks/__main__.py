"""The command: ``benchmarks/run [--short] [--only NAME ...]``, ``benchmarks/endurance [--deploys N]``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import endurance, figures, losses, memory, throughput
from benchmarks.machine import described, load_average
from benchmarks.report import into, markdown, plots
from benchmarks.stand import ROOT, Stand, stand

HERE = Path(__file__).parent
Say = Callable[[str], None]


@dataclass(frozen=True)
class Sizes:
    """How much is measured: ``full`` for figures, ``short`` to see that everything works."""

    deploys: int = 10
    operations: int = 11
    starts: int = 15
    rounds: int = 3
    seconds: float = 5.0
    endured: int = 200
    every: int = 10
    minutes: float = 120.0


SHORT = Sizes(deploys=2, operations=2, starts=3, rounds=1, seconds=2.0, endured=4, every=2)


@dataclass(frozen=True)
class Section:
    """One measurement; sections with the same ``keep_warm`` share a running shop."""

    keep_warm: str
    measure: Callable[[Stand, Sizes, Say], dict[str, Any]]


SECTIONS = {
    "losses": Section("5s", lambda s, n, say: losses.measure(s, n.deploys, say)),
    "operations": Section("60s", lambda s, n, say: figures.operations(s, n.operations, say)),
    "start_up": Section("60s", lambda s, n, say: figures.start_up(s, n.starts, say)),
    "memory": Section("5s", lambda s, n, say: memory.measure(s, n.seconds * 5, say)),
    "throughput": Section("5s", lambda s, n, say: throughput.measure(s, n.rounds, n.seconds, say)),
    "endurance": Section("2s", lambda s, n, say: endurance.measure(s, n.endured, n.every, n.minutes, say)),
}


def main(arguments: list[str]) -> int:
    """Measure, then write results, plots and README."""
    wanted = _parsed(arguments)
    sizes = (
        SHORT if wanted.short else Sizes(endured=wanted.deploys, every=wanted.every, minutes=wanted.minutes)
    )
    folder = ROOT / "build" / "benchmarks" if wanted.short else HERE / "results"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{time.strftime('%Y-%m-%d', time.gmtime())}.json"
    if not wanted.only:
        file.unlink(missing_ok=True)
    machine = described()
    for name, found in run(wanted.only or list(SECTIONS), sizes):
        there = json.loads(file.read_text()) if file.exists() else {"date": file.stem, "machine": machine}
        write({**there, name: found, "load_average_end": load_average()}, file, wanted.short)
    say(f"results in {file.relative_to(ROOT)}")
    return 0


def run(names: list[str], sizes: Sizes) -> Iterable[tuple[str, dict[str, Any]]]:
    """Each section as soon as it is measured."""
    for keep_warm in dict.fromkeys(SECTIONS[name].keep_warm for name in names):
        with stand(keep_warm) as shop:
            for name in (n for n in names if SECTIONS[n].keep_warm == keep_warm):
                say(f"{name}: begins")
                yield name, SECTIONS[name].measure(shop, sizes, say)


def write(results: dict[str, Any], file: Path, short: bool) -> None:
    """The JSON and the plots; the README's tables too when it was a full run."""
    file.write_text(json.dumps(results, indent=1) + "\n")
    for name, svg in plots(results).items():
        (file.parent / f"{name}.svg").write_text(svg)
    readme = file.parent / "README.md" if short else HERE / "README.md"
    text = markdown(results)
    readme.write_text(text if short else into(readme.read_text(), text))


def say(text: str) -> None:
    """A line of progress."""
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/run", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a few of everything; results go to build/")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, help="these; joined with today's results")
    parser.add_argument("--deploys", type=int, default=Sizes.endured, help="of the endurance run")
    parser.add_argument("--every", type=int, default=Sizes.every, help="deploys between two samples of it")
    parser.add_argument("--minutes", type=float, default=Sizes.minutes, help="it ends after so many")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
