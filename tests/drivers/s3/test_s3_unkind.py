"""An object store that is slow, busy, or answers nonsense: it is waited for, and then named."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest
from unkind_store import unkind

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.s3.bucket import Bucket
from greenroom.drivers.s3.issuers import issuer_of
from greenroom.drivers.s3.store import PATIENCE_SECONDS, Key, Store

HASTE = 5.0
"""The clock of these tests runs so many times faster; the driver's time-outs on its sockets do not."""


class HastyClock:
    """See :class:`greenroom.ports.Clock`."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic() * HASTE

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / HASTE)


class Keys:
    """Where an environment's S3 key is kept."""

    def __init__(self) -> None:
        self.kept: dict[str, Secret] = {}

    def get(self, key: str) -> Secret | None:
        return self.kept.get(key)

    def put_all(self, values: Mapping[str, Secret]) -> None:
        self.kept.update(values)


def bucket(url: str, keys: Keys, said: list[str]) -> Bucket:
    store = Store(url, lambda: Key("admin", Secret("admin")), HastyClock(), say=said.append)
    return Bucket("shop", store, issuer_of("iam", store), lambda _env: keys, lambda _env: True)


@pytest.mark.parametrize(
    ("how", "verb"),
    [
        *((how, "ensure") for how in ("busy", "hang", "truncate", "rubbish", "drop")),
        *(("busy", verb) for verb in ("remove", "observe", "residue")),
    ],
)
def test_a_store_that_gives_no_good_answer_is_named(how: str, verb: str) -> None:
    said: list[str] = []
    with unkind(how) as store:
        began = time.monotonic()
        with pytest.raises(GreenroomError) as caught:
            getattr(bucket(store.url, Keys(), said), verb)("production")
        took = time.monotonic() - began
    assert (caught.value.code, caught.value.exit) == ("s3", Exit.FAILED)
    assert "gives no good answer" in caught.value.message
    assert caught.value.hint == "greenroom logs s3; then greenroom up"
    assert took < PATIENCE_SECONDS / HASTE + 12.0
    if how != "hang":
        assert len(said) == 1, "that it waits is said once"
        assert store.asked > 1


@pytest.mark.parametrize("how", ["busy", "truncate", "rubbish", "drop"])
@pytest.mark.parametrize("bad", [1, 4])
def test_one_that_recovers_is_waited_for(how: str, bad: int) -> None:
    keys = Keys()
    with unkind(how, bad) as store:
        bucket(store.url, keys, []).ensure("production")
    assert store.buckets == ["shop-production"]
    assert keys.kept["S3_ACCESS_KEY"].reveal() == "made"
    assert keys.kept["S3_SECRET_KEY"].reveal() == "secret"


def test_one_that_is_well_is_not_talked_about() -> None:
    said: list[str] = []
    with unkind("busy", 0) as store:
        bucket(store.url, Keys(), said).ensure("production")
    assert said == []
