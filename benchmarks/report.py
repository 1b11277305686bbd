"""From a run's results to plots and to the tables of README.md. Pure: data in, text out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.svg import bars, lines, number

Results = Mapping[str, Any]
CPU = ("gunicorn_ms", "caddy_ms")
BEGIN, END = "<!-- results: written by benchmarks/run -->", "<!-- end of results -->"


def plots(results: Results) -> dict[str, str]:
    """SVG by name, for the parts that were run."""
    made = {}
    if "losses" in results:
        ways = results["losses"]["mechanisms"]
        lost = {name: way["mean_lost_per_deploy"] for name, way in ways.items()}
        made["losses"] = bars("Requests lost per deploy (mean)", lost, "", "greenroom deploy")
        took = {name: way["seconds_per_deploy"]["median"] for name, way in ways.items()}
        made["seconds"] = bars("Seconds per deploy (median)", took, "s", "greenroom deploy")
    if "throughput" in results:
        ways = results["throughput"]["ways"]
        used = {name: sum(way[k]["median"] for k in CPU if k in way) for name, way in ways.items()}
        made["cpu"] = bars("CPU per request, gunicorn and edge (median)", used, "ms")
    if "memory" in results:
        made["memory"] = bars("Memory after load, PSS", results["memory"]["after_load_mb"], "MB")
    if "endurance" in results:
        made |= _endurance_plots(results["endurance"])
    return made


def _endurance_plots(found: Results) -> dict[str, str]:
    samples = found["samples"]
    xs = [sample["deploys"] for sample in samples]
    names = {"pss_mb": "Memory of every part", "descriptors": "File descriptors of every part"}
    made = {}
    for figure, title in names.items():
        parts = [p for p in samples[0][figure] if all(p in sample[figure] for sample in samples)]
        series = {part: [sample[figure][part] for sample in samples] for part in parts}
        unit = "MB, PSS" if figure == "pss_mb" else "open"
        made[f"endurance-{figure.replace('_', '-')}"] = lines(title, xs, series, "deploys", unit)
    return made


def markdown(results: Results) -> str:
    """All tables, with what they were measured on."""
    parts = [_machine(results)]
    for name, write in _SECTIONS.items():
        if name in results:
            parts.append(write(results[name]))
    return "\n\n".join(parts) + "\n"


def into(readme: str, text: str) -> str:
    """The README with the text between its marks; raises ValueError when they are not there."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("README.md has no place for results")
    return f"{before}{BEGIN}\n\n{text}\n{END}{after}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A markdown table; all columns but the first are right-aligned."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows])


def _machine(results: Results) -> str:
    m = results["machine"]
    versions = ", ".join(f"{name} {v}" for name, v in m["versions"].items())
    ends = ", ".join(number(x) for x in (m["load_average"][0], results["load_average_end"][0]))
    return (
        f"Run of {results['date']}: {m['cores']} cores ({m['cpu']}), {m['memory_mb']:,} MB, Linux {m['kernel']}, "
        f"Python {m['python']}; {versions}. Load average (1 min) at start and end: {ends}."
    )


def _losses(found: Results) -> str:
    rows = []
    for name, way in found["mechanisms"].items():
        lost, took = way["lost_per_deploy"], way["seconds_per_deploy"]
        share = way["of_stop_then_start"]
        rows.append(
            [
                name,
                str(way["deploys"]),
                f"{way['requests']:,}",
                f"{way['lost']:,}",
                number(way["mean_lost_per_deploy"]),
                f"{number(lost['median'])} ({number(lost['min'])} to {number(lost['max'])})",
                "-" if share is None else number(share),
                number(way["p99_ms"]["median"]),
                number(took["median"]),
            ]
        )
    head = [
        "mechanism",
        "deploys",
        "requests",
        "lost",
        "mean",
        "median (range)",
        "of stop-start",
        "p99 ms",
        "seconds",
    ]
    notes = [f"\n\n{note}" for note in found["notes"]]
    picture = (
        "\n\n![Requests lost per deploy](results/losses.svg)\n\n![Seconds per deploy](results/seconds.svg)"
    )
    return (
        f"### Requests lost per deploy, at most {found['rate']:g} requests/s\n\n"
        + table(head, rows)
        + "".join(notes)
        + picture
    )


def _operations(found: Results) -> str:
    groups = [("deploy", found["deploys"]), ("rollback", found["rollbacks"])]
    rows = [_spread_row(f"{group}: {_words(key)}", key, s) for group, of in groups for key, s in of.items()]
    return "### Operations\n\n" + table(["figure", "median", "range", "n"], rows)


def _spread_row(name: str, key: str, spread: Results) -> list[str]:
    unit = "ms" if key.endswith("_ms") else "s"
    around = f"{number(spread['min'])} to {number(spread['max'])}"
    return [name, f"{number(spread['median'])} {unit}", around, str(spread["n"])]


def _words(key: str) -> str:
    return {
        "command_s": "the whole command",
        "to_verified_s": "steps until confirmed through the edge",
        "start_of_the_app_s": "of these, the app's own start and probes",
        "to_verified_without_start_s": "until confirmed, without the app's start",
        "switch_ms": "the rename that switches",
        "commit_ms": "switch, durable on disk",
        "first_answer_ms": "from the switch to the first answer that a client got",
        "confirm_ms": "the confirmation: a new connection through the edge",
        "steps_s": "steps",
    }[key]


def _start_up(found: Results) -> str:
    rows = [
        [
            f"`greenroom {name}`",
            number(of["cpu_ms"]["median"]),
            number(of["wall_ms"]["median"]),
            str(of["cpu_ms"]["n"]),
        ]
        for name, of in found.items()
    ]
    return "### Start of the command line\n\n" + table(["command", "CPU ms", "wall ms", "n"], rows)


def _memory(found: Results) -> str:
    idle, loaded = found["idle_mb"], found["after_load_mb"]
    rows = [[part, number(idle.get(part, 0)), number(mb)] for part, mb in loaded.items()]
    rows.append(["all", number(sum(idle.values())), number(sum(loaded.values()))])
    title = f"### Memory (PSS, MB), one slot of two processes; after {found['requests']:,} requests"
    shown = table(["part", "idle", "after load"], rows)
    return f"{title}\n\n{shown}\n\n![Memory](results/memory.svg)"


def _throughput(found: Results) -> str:
    rows = []
    for name, way in found["ways"].items():
        cpu = [number(way[key]["median"]) if key in way else "-" for key in CPU]
        shown = [number(way[key]["median"]) for key in ("per_s", "p50_ms", "p99_ms")]
        rows.append([name, *shown, *cpu, str(way["per_s"]["n"])])
    head = ["what", "requests/s", "p50 ms", "p99 ms", "gunicorn CPU ms", "edge CPU ms", "n"]
    compared = [
        [name, number(of["per_s"] or 0), number(of["edge_cpu_of_app_cpu"] or 0)]
        for name, of in found["ratios"].items()
    ]
    ratios = table(
        ["edge against gunicorn alone", "requests/s, ratio", "edge's CPU of the app's CPU"], compared
    )
    return f"### Through the edge and without it\n\n{table(head, rows)}\n\nClient: {found['client']}.\n\n{ratios}\n\n![CPU per request](results/cpu.svg)"


def _endurance(found: Results) -> str:
    rows = [
        [
            v["part"],
            v["figure"].replace("_", " "),
            *(number(v[k]) for k in ("start", "growth", "allowed")),
            "**grows**" if v["grows"] else "no growth",
        ]
        for v in found["verdicts"]
    ]
    said = f"{found['requests']:,} requests, {found['lost']} lost, {found['seconds'] / 60:.0f} minutes"
    if found.get("failed_deploys"):
        said += f"; {found['failed_deploys']} deploys did not come through"
    said += "".join(f". {note}" for note in found.get("notes", ()))
    first, last = found["samples"][0], found["samples"][-1]
    logs = f"{number(first['reported_mb']['logs'])} to {number(last['reported_mb']['logs'])} MB"
    ledger = f"{number(first['ledger_kb'])} to {number(last['ledger_kb'])} kB"
    head = ["part", "figure", "at start", "growth", "allowed", "verdict"]
    pictures = (
        "![Memory](results/endurance-pss-mb.svg)\n\n![File descriptors](results/endurance-descriptors.svg)"
    )
    return (
        f"### {found['deploys']} deploys in a row\n\n{said}. Logs (bounded) went from {logs}, the ledger (kept) from "
        f"{ledger}.\n\n{table(head, rows)}\n\n{pictures}"
    )


_SECTIONS = {
    "losses": _losses,
    "operations": _operations,
    "start_up": _start_up,
    "memory": _memory,
    "throughput": _throughput,
    "endurance": _endurance,
}
