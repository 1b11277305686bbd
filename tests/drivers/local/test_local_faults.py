"""The server layer's planted faults: how each answers, and that it ends."""

from __future__ import annotations

import importlib.util
import io
import time
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import pytest

from greenroom.domain.fault import FAULT_VARIABLE, Fault
from greenroom.drivers.local.slot_units import SERVER_CONF


def load(monkeypatch: pytest.MonkeyPatch, fault: str) -> ModuleType:
    monkeypatch.setenv(FAULT_VARIABLE, fault)
    spec = importlib.util.spec_from_file_location("gunicorn_conf", SERVER_CONF)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


def ask(wrapped: Any, probe: bool = False) -> int:
    told: list[str] = []
    body_sent = io.BytesIO(b"x" * 100_000)
    environ = {
        "PATH_INFO": "/",
        "wsgi.input": body_sent,
        **({"HTTP_X_GREENROOM_PROBE": "1"} if probe else {}),
    }

    def start(line: str, headers: list[tuple[str, str]]) -> None:
        assert "X-Release" in dict(headers), "an error of the slot must be told from one of the edge"
        told.append(line)

    assert b"".join(wrapped(environ, start))
    status = int(told[0].split()[0])
    assert status == 200 or not body_sent.read(), "an unread body would cost the answer"
    return status


def test_unready_refuses_probes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    wrapped = load(monkeypatch, Fault.UNREADY.planted(time.time()))._Wrapped(app)
    assert [ask(wrapped, probe=True), ask(wrapped)] == [503, 200]


def test_what_turns_bad_is_good_first_and_its_probes_stay_good(monkeypatch: pytest.MonkeyPatch) -> None:
    module = load(monkeypatch, Fault.TURNS_BAD.planted(time.time()))
    wrapped = module._Wrapped(app)
    assert [ask(wrapped, probe=True) for _ in range(30)] == [200] * 30
    assert [ask(wrapped) for _ in range(15)] == [200] * module.FAULT_AFTER + [500] * 5
    assert ask(wrapped, probe=True) == 200


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_ends_by_itself(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    wrapped = load(monkeypatch, fault.planted(time.time() - 121))._Wrapped(app)
    assert {ask(wrapped, probe=n % 2 == 0) for n in range(40)} == {200}


def test_without_a_fault_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    wrapped = load(monkeypatch, "")._Wrapped(app)
    assert {ask(wrapped, probe=n % 2 == 0) for n in range(40)} == {200}
