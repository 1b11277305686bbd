"""The table ``[[environments]]``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from greenroom.config import values
from greenroom.config.fields import Label, LongDuration, Size, Table, Variable, VariableName, key


class EnvironmentTable(Table):
    """One kind of environment: [[environments]], in order; the first whose refs match a branch is that branch's."""

    name: Annotated[str, AfterValidator(values.name_template)] = key(
        ...,
        "Its name; with parts of the branch's name, such as {issue} or {slug}, each branch has its own.",
        "fb-{issue}",
    )
    refs: list[Annotated[str, AfterValidator(values.ref_pattern)]] = key(
        [],
        "Branches that belong to it: * is any text, {word} letters and digits that the name can take up."
        " Default: none; then it is deployed by name (-e), or promoted to.",
        ["*/AFO-{issue}_*"],
        max_length=100,
    )
    tier: Literal["production", "staging", "development", "review"] | None = key(
        None,
        "How seriously it is taken. Default: production, staging for those names, review where each branch has its"
        " own, else development.",
        "review",
    )
    host: Annotated[str, AfterValidator(values.host_template)] | None = key(
        None,
        "Its public name; {name} stands for the environment's. Default: {name} below the host of production.",
        "{name}.shop.localhost",
    )
    target: Literal["local", "kubernetes"] = key(
        "local", "Where it runs: on this machine, or on the cluster of [kubernetes]."
    )
    strategy: Literal["blue-green", "simple"] | None = key(
        None,
        "simple: the same steps with one process of each role, and the old slot goes at once."
        " Default: blue-green for production, else simple.",
        "simple",
    )
    access: Literal["public", "private"] = key("public", "Who may see it: anybody, or who has signed in.")
    users: list[str] = key(
        [], "Of the people with a password, only these may see it. Default: all of them.", ["ada"]
    )
    groups: list[str] = key(
        [], "Groups of the provider that may see it, in place of those in [signin].", ["company/shop"]
    )
    emails: list[Annotated[str, AfterValidator(values.email)]] = key(
        [], "Verified addresses that may, likewise.", ["@example.org"]
    )
    allow_ips: list[Annotated[str, AfterValidator(values.network)]] = key(
        [], "Addresses and networks that need no sign-in.", ["192.0.2.0/24"]
    )
    template: Label | None = key(
        None, "The template that its database starts as a copy of (greenroom template).", "demo"
    )
    database: Literal["shared", "chart", "external"] | None = key(
        None,
        "On a cluster: shared: a database of its own on the server of GREENROOM_DATABASE_ADMIN_URL; chart: a small server of its"
        " own; external: the one of DATABASE_URL. Default: shared for review and development where that server is given and"
        " DATABASE_URL is not, else external.",
        "shared",
    )
    ttl: LongDuration | None = key(None, "How long after its last deploy it goes.", "14d")
    sleep_after: LongDuration | None = key(
        None,
        "How long without a request before its processes stop; the next request wakes it. Not on a cluster.",
        "2h",
    )
    after: Label | None = key(
        None, "The environment that must have served a build before this one may.", "staging"
    )
    quiet: list[Annotated[str, AfterValidator(values.quiet)]] = key(
        [],
        "Stretches of the week in which nothing new comes on stage. Default: none.",
        ["Fri 15:00 - Mon 07:00"],
        max_length=20,
    )
    freeze: list[Annotated[str, AfterValidator(values.freeze)]] = key(
        [],
        "Days on which nothing new comes on stage. Default: none.",
        ["2026-12-20 .. 2027-01-02"],
        max_length=100,
    )
    who: list[str] = key(
        [],
        "Who may bring a build on stage, by login name. Default: everybody.",
        ["anna", "ci"],
        max_length=100,
    )
    timezone: Annotated[str, AfterValidator(values.timezone)] = key(
        "UTC", "The time zone of quiet and freeze.", "Europe/Berlin"
    )
    max: int | None = key(None, "So many at once.", 30, ge=1, le=10000)
    max_disk: Size | None = key(None, "Bytes that the data of one may take.", "2GB")
    keep_releases: int | None = key(
        None, "Good releases kept for it. Default: see [policy].", 2, ge=1, le=1000
    )
    env: dict[VariableName, Variable] = Field(
        default_factory=dict,
        description="Plain settings of this kind, above those of [env].",
        json_schema_extra={"propertyNames": {"pattern": f"^{values.VARIABLE.pattern}$"}},
    )
