"""Planning what may go from a repository of many tags, beside a script of ``regctl tag ls`` and ``regctl manifest head``.

Both read the same real registry, which is started anew for each, and in turn. Greenroom reads every manifest whole and makes its plan with
reasons; the script only learns each tag's digest, which is the least that any plan needs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.machine import described, load_average
from benchmarks.stand import ROOT
from benchmarks.stats import spread

sys.path.insert(0, str(ROOT / "tests"))

from greenroom.domain.registry.planning import InUse
from greenroom.drivers.oci.referrers import described as descriptor
from greenroom.drivers.oci.referrers import digest_of
from greenroom.drivers.oci.store import CONFIG, MANIFEST
from greenroom.services.registry.pruning import prune
from registries import GENERATIONS, RealRegistry, real_registry
from registry_trial import Death, keeper
from registry_world import PATHS
from servers import built_program

SCRIPT = """\
for tag in $("$REGCTL" tag ls "$REPOSITORY"); do
  echo "$tag $("$REGCTL" manifest head "$REPOSITORY:$tag")"
done
"""


def main(arguments: list[str]) -> int:
    """Measure and write the results."""
    wanted = _parsed(arguments)
    regctl = built_program("regctl")
    if regctl is None:
        print("there is no regctl; with Go: scripts/go-program regctl", file=sys.stderr)
        return 1
    found: dict[str, Any] = {"machine": described(), "tags": wanted.tags}
    for generation in wanted.generation or GENERATIONS:
        found[generation] = measure(generation, regctl, wanted.tags, wanted.rounds)
        print(generation, json.dumps(found[generation]), flush=True)
    found["load_average_end"] = load_average()
    wanted.out.parent.mkdir(parents=True, exist_ok=True)
    wanted.out.write_text(json.dumps(found, indent=1) + "\n")
    print(f"results in {wanted.out}")
    return 0


def measure(generation: str, regctl: Path, tags: int, rounds: int) -> dict[str, Any]:
    """Seconds of both, in turn."""
    seen: dict[str, list[float]] = {"greenroom": [], "regctl": []}
    with real_registry(generation) as registry:
        fill(registry, tags)
        for _ in range(rounds):
            seen["greenroom"].append(_ours(registry, tags))
            seen["regctl"].append(_script(registry, regctl, tags))
    times = [theirs / ours for ours, theirs in zip(seen["greenroom"], seen["regctl"], strict=True)]
    return {"seconds": {name: spread(took) for name, took in seen.items()}, "times": spread(times)}


def fill(registry: RealRegistry, tags: int) -> None:
    """As many images, each with a manifest of its own, which share their one configuration."""
    client = registry.client(PATHS[0])
    content = b'{"architecture":"amd64"}'
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        client.put_blob(digest_of(content), Path(file.name))
    for number in range(tags):
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(content, CONFIG)}
        whole = json.dumps({**manifest, "layers": [], "annotations": {"number": str(number)}}).encode()
        client.put_manifest(f"develop-{number}", whole)


def _ours(registry: RealRegistry, tags: int) -> float:
    _anew(registry)
    (registry.folder / "registry.json").unlink(missing_ok=True)
    began = time.monotonic()
    done = prune(keeper(registry, PATHS[:1], InUse, Death()), apply=False)
    took = time.monotonic() - began
    assert len(done.plans[0].items) == tags
    return took


def _script(registry: RealRegistry, regctl: Path, tags: int) -> float:
    _anew(registry)
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "HOME": home, "REGCTL": str(regctl)}
        env["REPOSITORY"] = f"{registry.host}/{PATHS[0]}"
        subprocess.run([regctl, "registry", "set", "--tls", "disabled", registry.host], env=env, check=True)
        began = time.monotonic()
        done = subprocess.run(["sh", "-c", SCRIPT], env=env, check=True, capture_output=True, text=True)
        took = time.monotonic() - began
    assert len(done.stdout.splitlines()) == tags
    assert all("sha256:" in line for line in done.stdout.splitlines())
    return took


def _anew(registry: RealRegistry) -> None:
    """Nothing is remembered from the one before."""
    registry.stop()
    registry.start()


def _parsed(arguments: list[str]) -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="benchmarks/planning", description=__doc__)
    asked.add_argument("--tags", type=int, default=10_000)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--generation", choices=GENERATIONS, action="append")
    out = ROOT / "benchmarks" / "results" / f"planning-{time.strftime('%F')}.json"
    asked.add_argument("--out", type=Path, default=out)
    return asked.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
