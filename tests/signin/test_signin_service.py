"""The service alone, on a clock of our own: what ends, ends; what is kept for once is given once."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner
from werkzeug.test import TestResponse

from greenroom.domain.access import AccessPolicy, Doorkeeping, SignIn
from greenroom.domain.environment import Access
from greenroom.domain.secret import Secret
from greenroom.drivers.local.doorkeeper import LocalDoorkeeper
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.system.real import this_machine
from greenroom.ports.admitting import MachineToken
from greenroom.signin import cookies
from greenroom.signin.app import build
from greenroom.signin.asked import Asked
from greenroom.signin.memory import MOST_KEPT, Memory
from greenroom.signin.objects import object_path
from greenroom.signin.oidc import may_ask
from greenroom.signin.parts import Parts
from greenroom.signin.passwords import MOST_ADDRESS, Throttled, check
from greenroom.signin.settings import Settings, Unusable
from greenroom.signin.waking import MOST_WAITING, WAIT_SECONDS, Waking

HOST, SIGN_IN = "alpha.shop.test", "sign-in.shop.test"
NAVIGATE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


@dataclass
class Hours:
    """A clock that goes when it is told to, and when somebody sleeps."""

    time: float = 1_800_000_000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@dataclass
class Edge:
    """What the edge would send."""

    client: FlaskClient
    keeper: LocalDoorkeeper
    clock: Hours
    layout: Layout

    def ask(
        self, path: str, host: str = HOST, cookie: str = "", method: str = "GET", **more: str
    ) -> TestResponse:
        environment = "" if host == SIGN_IN else "alpha"
        headers = {
            "X-Greenroom-Environment": environment,
            "X-Greenroom-Host": host,
            "X-Greenroom-Address": "198.51.100.7",
            "X-Forwarded-Method": "GET",
            "X-Forwarded-Uri": "/page",
            **({"Cookie": cookie} if cookie else {}),
            **more,
        }
        return self.client.open(f"/.greenroom/{path}", method=method, headers=headers)

    def status(self, path: str = "check", **more: str) -> int:
        return int(self.ask(path, **more).status_code)


@pytest.fixture
def edge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edge:
    clock, layout = Hours(), Layout(tmp_path, tmp_path)
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: int(clock.time))
    for name in ("secrets", "edge"):
        (tmp_path / name).mkdir(mode=0o700)
    told = Doorkeeping(
        "shop",
        443,
        SignIn(SIGN_IN, session=3600.0),
        {HOST: "alpha"},
        {"alpha": AccessPolicy(Access.PRIVATE)},
        "http://127.0.0.1:1",
        buckets={"alpha": "shop-alpha"},
    )
    keeper = LocalDoorkeeper(layout, this_machine().disk, lambda: told)
    keeper.publish("alpha")
    memory = Memory(tmp_path / "signin" / "memory.sqlite", clock.now)
    parts = Parts(Settings(tmp_path), memory, Waking(tmp_path, clock), clock)
    return Edge(build(parts).test_client(use_cookies=False), keeper, clock, layout)


def bearer(token: Secret) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.reveal()}"}


def test_a_token_ends(edge: Edge) -> None:
    token = edge.keeper.create_token(MachineToken("t", "alpha", edge.clock.time, edge.clock.time + 60))
    assert edge.status(**bearer(token)) == 200
    edge.clock.time += 61
    assert edge.status(**bearer(token)) == 401
    kept = (edge.layout.root / "secrets" / "_signin.json").read_text()
    assert token.reveal() not in kept, "only a digest is kept"


def walk_in(edge: Edge) -> tuple[str, str]:
    """Sign in as ada up to the code: (the browser's cookie on the private host, the code)."""
    edge.keeper.put_person("ada", Secret("correct horse"))
    sent = edge.ask("check", **NAVIGATE)
    location = sent.headers["Location"]
    browser = sent.headers["Set-Cookie"].partition(";")[0]
    begin = parse_qs(urlsplit(location).query)["begin"][0]
    shown = edge.ask(f"sign-in?begin={begin}", SIGN_IN)
    form = shown.get_data(as_text=True).partition('name="form" value="')[2].partition('"')[0]
    given = edge.client.post(
        "/.greenroom/sign-in",
        data={"begin": begin, "form": form, "user": "ada", "password": "correct horse"},
        headers={
            "X-Greenroom-Host": SIGN_IN,
            "X-Greenroom-Address": "198.51.100.7",
            "Cookie": shown.headers["Set-Cookie"].partition(";")[0],
        },
    )
    assert given.status_code == 303
    return browser, given.headers["Location"].partition("code=")[2]


def test_a_code_ends_after_a_minute(edge: Edge) -> None:
    browser, code = walk_in(edge)
    edge.clock.time += 61
    assert edge.status(f"code?code={code}", cookie=browser) == 400


def test_a_sign_in_ends(edge: Edge) -> None:
    browser, code = walk_in(edge)
    taken = edge.ask(f"code?code={code}", cookie=browser)
    assert taken.headers["Location"] == "/page"
    held = taken.headers["Set-Cookie"].partition(";")[0]
    assert edge.status(cookie=held) == 200
    edge.clock.time += 3599
    assert edge.status(cookie=held) == 200
    edge.clock.time += 2
    assert edge.status(cookie=held) == 401


def test_what_was_begun_ends(edge: Edge) -> None:
    begin = parse_qs(urlsplit(edge.ask("check", **NAVIGATE).headers["Location"]).query)["begin"][0]
    assert edge.status(f"sign-in?begin={begin}", host=SIGN_IN) == 200
    edge.clock.time += 3601
    assert edge.status(f"sign-in?begin={begin}", host=SIGN_IN) == 400


@pytest.mark.parametrize("held", ["{0}; {0}", "{0}x", "x{0}", "X{0}", "{1}"])
def test_a_cookie_that_is_not_exactly_it(edge: Edge, held: str) -> None:
    browser, code = walk_in(edge)
    given = edge.ask(f"code?code={code}", cookie=browser).headers["Set-Cookie"].partition(";")[0]
    assert edge.status(cookie=held.format(given, given.replace("=", "%3D", 1))) == 401
    assert edge.status(cookie=given) == 200


def test_paths_belong_to_hosts(edge: Edge) -> None:
    for path in ("sign-in", "callback", "sign-out"):
        assert edge.status(path) == 404
    for path in ("code", "leave"):
        assert edge.status(path, host=SIGN_IN) == 404
    assert edge.status("check", host="other.test") == 403
    assert edge.status("nothing") == 404


def test_large_forms_are_not_read(edge: Edge) -> None:
    edge.keeper.put_person("ada", Secret("correct horse"))
    answer = edge.client.post(
        "/.greenroom/sign-in", data={"begin": "x" * 100_000}, headers={"X-Greenroom-Host": SIGN_IN}
    )
    assert answer.status_code == 413


def test_without_configuration_nobody_passes(edge: Edge) -> None:
    token = edge.keeper.create_token(MachineToken("t", "alpha", 0.0))
    assert edge.status(**bearer(token)) == 200
    (edge.layout.root / "signin" / "config.json").unlink()
    assert edge.status(**bearer(token)) == 503
    edge.keeper.publish()
    assert edge.status(**bearer(token)) == 200
    (edge.layout.root / "secrets" / "_signin.json").chmod(0o640)
    assert edge.status(**bearer(token)) == 503


def test_a_changed_file_counts_at_once(tmp_path: Path, edge: Edge) -> None:
    settings = Settings(tmp_path)
    assert settings.now().door.sign_in.session == 3600.0
    file = tmp_path / "signin" / "config.json"
    data = json.loads(file.read_text())
    file.write_text(json.dumps({**data, "session": 60.5}))
    assert settings.now().door.sign_in.session == 60.5
    file.write_text(json.dumps({**data, "environments": []}))
    with pytest.raises(Unusable):
        settings.now()


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path / "m.sqlite", Hours().now)


def test_what_is_for_once_is_given_once(memory: Memory) -> None:
    secret = memory.put("code", {"a": 1}, 60.0)
    assert memory.take("flow", secret) is None
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(memory.take("code", secret))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found, key=str) == [None] * 7 + [{"a": 1}] or found.count({"a": 1}) == 1


def test_strangers_cannot_fill_the_memory(tmp_path: Path, memory: Memory) -> None:
    db = sqlite3.connect(tmp_path / "m.sqlite")
    rows = ((f"code{n}", 1_800_000_000.0 + n) for n in range(MOST_KEPT))
    db.executemany("insert into once values ('code', ?, '{}', ?)", rows)
    db.commit()
    newest = memory.put("code", {}, 1e9)
    assert db.execute("select count(*) from once").fetchone() == (MOST_KEPT,)
    assert memory.take("code", newest) == {}
    db.close()


def test_a_damaged_memory_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "m.sqlite").write_bytes(b"no database" * 1000)
    memory = Memory(tmp_path / "m.sqlite", Hours().now)
    assert memory.take("code", memory.put("code", {"a": 1}, 60.0)) == {"a": 1}
    assert (tmp_path / "m.sqlite").stat().st_mode & 0o777 == 0o600


def test_guessing_from_one_address_is_slow_whatever_the_name(edge: Edge, memory: Memory) -> None:
    known = Settings(edge.layout.root).now()
    for n in range(MOST_ADDRESS):
        assert not check(known, memory, f"user{n}", "wrong", "2001:db8::1")
    with pytest.raises(Throttled):
        check(known, memory, "user", "wrong", "2001:db8::2")
    assert not check(known, memory, "user", "wrong", "2001:db9::2")


def test_a_password_of_ones_own_does_not_buy_more_guesses(edge: Edge, memory: Memory) -> None:
    edge.keeper.put_person("eve", Secret("a long password"))
    known = Settings(edge.layout.root).now()
    for n in range(MOST_ADDRESS):
        assert check(known, memory, "eve", "a long password", "198.51.100.9")
        assert not check(known, memory, f"user{n}", "wrong", "198.51.100.9")
    with pytest.raises(Throttled):
        check(known, memory, "user", "wrong", "198.51.100.9")


@pytest.mark.parametrize(
    ("site", "mode", "method", "status"),
    [
        ("same-origin", "cors", "POST", 200),
        ("none", "navigate", "GET", 200),
        ("cross-site", "navigate", "GET", 200),
        ("same-site", "cors", "GET", 401),
        ("same-site", "no-cors", "GET", 401),
        ("same-site", "navigate", "POST", 401),
        ("cross-site", "navigate", "POST", 401),
    ],
)
def test_a_page_of_another_environment_cannot_act_here(
    edge: Edge, site: str, mode: str, method: str, status: int
) -> None:
    browser, code = walk_in(edge)
    held = edge.ask(f"code?code={code}", cookie=browser).headers["Set-Cookie"].partition(";")[0]
    sent = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "X-Forwarded-Method": method}
    assert edge.status(cookie=held, **sent) == status


def question(uri: str) -> Asked:
    return Asked("alpha", HOST, "", "GET", uri, "", "", navigates=True, accepts_html=True)


@pytest.mark.parametrize(
    ("uri", "page"),
    [
        ("/a?b=c", "/a?b=c"),
        ("//evil.test", "/"),
        ("/\\evil.test", "/"),
        ("https://evil.test/", "/"),
        ("", "/"),
        ("/\r\nx", "/"),
        ("/ü", "/"),
        ("/" + "x" * 2000, "/"),
    ],
)
def test_where_to_come_back_to(uri: str, page: str) -> None:
    assert question(uri).page == page


@pytest.mark.parametrize(
    ("path", "there"),
    [
        (b"/media/a/b.png", "/shop-alpha/public/a/b.png"),
        ("/media/ü ~.png".encode(), "/shop-alpha/public/%C3%BC%20~.png"),
        (b"/media/%2e%2e/x", "/shop-alpha/public/%252e%252e/x"),
        (b"/media/../x", None),
        (b"/media/./x", None),
        (b"/media//x", None),
        (b"/media/", None),
        (b"/media/a\\b", None),
        (b"/media/a\nb", None),
        (b"/mediax/a", None),
        (b"//media/a", None),
    ],
)
def test_where_an_upload_lies(path: bytes, there: str | None) -> None:
    assert object_path("shop-alpha", path) == there


def test_only_safe_addresses_of_a_provider_are_asked() -> None:
    assert may_ask("https://gitlab.test/x")
    assert may_ask("http://127.0.0.1:5/x")
    for url in ("http://gitlab.test", "http://127.0.0.1.evil.test", "file:///etc/passwd", "", "//x"):
        assert not may_ask(url)


def test_cookies_have_one_exact_name() -> None:
    assert cookies.cookie("a=1; __Host-greenroom=x", cookies.PASS) == "x"
    assert cookies.cookie("__Host-greenroom=x;__Host-greenroom=y", cookies.PASS) is None
    assert cookies.cookie("__Host-greenroom-person=x", cookies.PASS) is None


@pytest.fixture
def sleeping(tmp_path: Path) -> Iterator[tuple[Waking, Hours]]:
    clock = Hours()
    (tmp_path / "edge" / "alpha").mkdir(parents=True)
    (tmp_path / "edge" / "alpha" / "asleep").touch()
    yield Waking(tmp_path, clock), clock


def test_waiting_for_the_waking_ends(sleeping: tuple[Waking, Hours], tmp_path: Path) -> None:
    waking, clock = sleeping
    began = clock.time
    assert waking.asleep("alpha")
    assert not waking.awake("alpha")
    assert WAIT_SECONDS <= clock.time - began < WAIT_SECONDS + 1
    assert (tmp_path / "wake").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "wake" / "alpha").exists()


def test_it_is_awake_only_when_something_serves(sleeping: tuple[Waking, Hours], tmp_path: Path) -> None:
    waking, _ = sleeping
    folder = tmp_path / "edge" / "alpha"
    (folder / "asleep").unlink()
    assert not waking.awake("alpha"), "no slot yet"
    (folder / "live").mkdir()
    (folder / "live" / "web.sock").touch()
    assert waking.awake("alpha")


def test_only_so_many_wait(tmp_path: Path) -> None:
    """The others are answered at once, so that there is always a thread for other environments."""
    arrived, release = threading.Semaphore(0), threading.Event()

    class Held(Hours):
        def sleep(self, seconds: float) -> None:
            arrived.release()
            release.wait(20)
            self.time += WAIT_SECONDS + 1

    (tmp_path / "edge" / "alpha").mkdir(parents=True)
    (tmp_path / "edge" / "alpha" / "asleep").touch()
    waking = Waking(tmp_path, Held())
    threads = [threading.Thread(target=waking.awake, args=("alpha",)) for _ in range(MOST_WAITING)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert arrived.acquire(timeout=20)
    assert not waking.awake("alpha"), "answered without waiting"
    assert not arrived.acquire(blocking=False)
    release.set()
    for thread in threads:
        thread.join()


def test_the_waking_page(edge: Edge) -> None:
    token = edge.keeper.create_token(MachineToken("t", "alpha", 0.0))
    (edge.layout.edge("alpha") / "asleep").touch()
    answer = edge.ask("check", **bearer(token), Accept="text/html")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "Waking up" in answer.get_data(as_text=True)
    assert edge.status() == 401, "strangers do not even wait"
