"""What the doctor found."""

from __future__ import annotations

from greenroom.domain.findings import Checked, Finding, Severity, State
from greenroom.services.doctor import Report
from greenroom.services.examining import Examined

WORDS = {
    State.CLEAN: "good",
    State.INAPPLICABLE: "does not apply",
    State.SKIPPED: "not asked",
}


def as_text(report: Report | Examined) -> str:
    """One line a check; below it, each finding with cause and cure."""
    counts = [_count(len(report.findings(s)), s) for s in (Severity.PROBLEM, Severity.WARNING)]
    fixed = [f"fixed: {line}" for line in report.fixed] if isinstance(report, Examined) else []
    lines = [*fixed, f"{report.title}: {', '.join(counts)}", ""]
    for checked in report.checked:
        lines += _lines(checked)
    return "\n".join(lines)


def _lines(checked: Checked) -> list[str]:
    title = checked.note or checked.check.title
    word = WORDS.get(checked.state) or max((f.severity for f in checked.findings), key=_rank)
    return [
        f"  {word:14}  {checked.check.name:19} {'' if checked.findings else title}".rstrip(),
        *(f"    {line}" for finding in checked.findings for line in _finding(finding)),
    ]


def _finding(finding: Finding) -> list[str]:
    return [finding.message, f"  cause: {finding.cause}", f"  cure:  {finding.cure}"]


def _rank(severity: Severity) -> int:
    return list(Severity).index(severity)


def _count(number: int, severity: Severity) -> str:
    return f"{number or 'no'} {severity}{'' if number == 1 else 's'}"
