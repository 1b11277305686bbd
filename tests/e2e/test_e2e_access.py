"""The shop behind the sign-in: two private environments beside production, by the command line and in a browser."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import Any

import pytest
from browser import CHROMIUM, chromium
from shop import Shop

from greenroom.domain.access import SignIn
from greenroom.domain.environment import Access, Environment, Tier
from greenroom.domain.project import Project
from greenroom.drivers.system.clock import SystemClock
from greenroom.drivers.system.net import Answer, ask_tls
from greenroom.testing.oidc import Account, GitLab
from greenroom.wiring import Wiring
from greenroom.wiring.admitting import Admitting
from greenroom.wiring.local import LocalSite
from greenroom.wiring.proofs import load as load_on

HOSTS = {"production": "shop.localhost", "alpha": "alpha.shop.localhost", "beta": "beta.shop.localhost"}
NAVIGATE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


PLACES = {
    name: Environment(name, Tier.STAGING, HOSTS[name], access=Access.PRIVATE) for name in ("alpha", "beta")
}


class Three(Admitting):
    """Production, and two private environments that no rule knows."""

    def places(self) -> tuple[Environment, ...]:
        return (*super().places(), *PLACES.values())


class Here(LocalSite):
    """This machine, with the two more."""

    @property
    def _admitting(self) -> Three:
        wiring, known = self._wiring, Wiring(self._wiring.folder, self._wiring.emit).local
        return Three(
            wiring.project, wiring.layout, wiring.machine.disk, known.public, wiring.records, self.belongings
        )


class Extended(Wiring):
    """The shop's wiring with two more environments and a provider."""

    sign_in = SignIn()

    @property
    def project(self) -> Project:
        return replace(Wiring(self.folder, self.emit).project, sign_in=Extended.sign_in)

    @cached_property
    def local(self) -> Here:
        return Here(self)

    @property
    def site(self) -> Here:
        return self.local


def at(shop: Shop, environment: str) -> Extended:
    return Extended(shop.folder, lambda event: None, environment, PLACES.get(environment))


@pytest.fixture(scope="module")
def wiring(shop: Shop) -> Extended:
    """Two private hosts that show the live slot; each has a bucket of its own with one upload."""
    made = at(shop, "alpha")
    production = made.layout.edge("production")
    made.local.doorkeeper.publish()
    for environment in ("alpha", "beta"):
        made.local.doorkeeper.publish(environment)
        folder = made.layout.edge(environment)
        (folder / "live").symlink_to((production / "live").readlink())
        (folder / "assets").symlink_to(production / "assets")
        bucket = at(shop, environment).local.belongings.bucket
        bucket.ensure(environment)
        upload({k: v.reveal() for k, v in bucket.values(environment).items()})
    return made


def upload(values: Mapping[str, str]) -> None:
    import boto3

    s3 = boto3.client(
        "s3",
        endpoint_url=values["S3_ENDPOINT_URL"],
        aws_access_key_id=values["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=values["AWS_SECRET_ACCESS_KEY"],
        region_name=values["AWS_REGION"],
    )
    s3.put_object(Bucket=values["S3_BUCKET"], Key="public/lamp.txt", Body=b"a lamp")
    s3.close()


def ask(shop: Shop, host: str, path: str, headers: Mapping[str, str] | None = None) -> Answer:
    return ask_tls(host, shop.port, path, str(shop.ca), 20.0, headers=headers)


def access(shop: Shop, *arguments: str, stdin: str = "", exit: int = 0) -> Any:
    """The result of ``greenroom access``, with something on its stdin."""
    done = subprocess.run(
        shop.command("--json", "access", *arguments),
        env=shop.env,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == exit, done.stdout + done.stderr
    return json.loads(done.stdout)["error" if exit else "result"]


def test_people_and_tokens_by_the_command_line(shop: Shop) -> None:
    assert access(shop, "user", "add", "ada", stdin="correct horse\n") == {"name": "ada"}
    assert access(shop, "user", "add", "bob", stdin="short\n", exit=2)["code"] == "weak-password"
    assert access(shop, "user", "add", "../x", stdin="correct horse\n", exit=2)["code"] == "bad-name"
    assert access(shop, "user", "remove", "eve", exit=2)["hint"] == "there is: ada"
    token = access(shop, "token", "create", "tests", "--days", "1")["token"]
    assert token.startswith("grt_")
    assert access(shop, "token", "create", "tests", exit=2)["code"] == "token-exists"
    shown = access(shop, "show")
    assert shown["people"] == ["ada"]
    assert [(t["name"], t["environment"]) for t in shown["tokens"]] == [("tests", "production")]
    assert shown["callback"] == f"https://sign-in.shop.localhost:{shop.port}/.greenroom/callback"
    assert token not in json.dumps(shown)
    assert token not in (shop.state / "secrets" / "_signin.json").read_text()
    access(shop, "token", "revoke", "tests")
    assert access(shop, "token", "list")["tokens"] == []
    assert shop.run("access", "show").stdout.startswith("production")
    entries = [e for e in shop.json("ledger", "show") if e["kind"] == "access"]
    assert len(entries) == 3
    assert "correct horse" not in json.dumps(entries)


def test_production_is_open_and_the_others_are_shut(shop: Shop, wiring: Extended) -> None:
    home = ask(shop, "shop.localhost", "/")
    assert home.status == 200
    css = re.findall(r"/static/[\w./-]+\.css", home.body)[0]
    for host in ("alpha.shop.localhost", "beta.shop.localhost"):
        for path in ("/", css, "/media/lamp.txt", "/api/echo", "/sign-in", "/robots.txt"):
            assert ask(shop, host, path).status == 401, (host, path)
            sent = ask(shop, host, path, NAVIGATE)
            assert sent.status == 302
            assert sent.headers["x-robots-tag"] == "noindex, nofollow"
    for path in ("/healthz", "/readyz", "/metrics"):
        assert ask(shop, "alpha.shop.localhost", path).status == 404


def test_what_greenroom_itself_asks_goes_through(shop: Shop, wiring: Extended) -> None:
    """A deploy is confirmed through the edge, whoever else may pass."""
    assert wiring.site.doors.traffic.confirm("alpha", shop.live()) > 0
    seen = wiring.site.doors.inspector.outside("alpha")
    assert (seen.private, seen.passed, seen.readable) == (True, (), ())
    assert len(seen.stopped) == 4
    access_check = {c["name"]: c for c in shop.json("doctor", "access")["checks"]}["access"]
    assert (access_check["state"], access_check["note"]) == ("clean", "public")


def test_a_load_passes_the_door(shop: Shop, wiring: Extended) -> None:
    load = load_on(wiring, 40.0)
    load.start()
    until = wiring.clock.monotonic() + 60.0
    while len(load.records) < 40 and wiring.clock.monotonic() < until:
        wiring.clock.sleep(0.1)
    load.stop(timeout=40.0)
    assert len(load.records) >= 40
    assert [r for r in load.records if r.status in (302, 401)] == []


@pytest.fixture(scope="module")
def gitlab(shop: Shop, wiring: Extended) -> Iterator[GitLab]:
    callback = f"https://sign-in.shop.localhost:{shop.port}/.greenroom/callback"
    ada = Account("grace", "7", "grace@example.org", ("company/shop",), ("company/shop",))
    with GitLab(callback, SystemClock(), ada) as provider:
        access(shop, "client-secret", stdin=provider.client_secret + "\n")
        Extended.sign_in = SignIn("", provider.issuer, provider.client_id, groups=("company/shop",))
        wiring.local.doorkeeper.publish()
        yield provider


@contextmanager
def browsing(shop: Shop) -> Iterator[Any]:
    with chromium() as browser:
        context = browser.new_context(ignore_https_errors=True, viewport={"width": 390, "height": 844})
        try:
            yield context.new_page()
        finally:
            context.close()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium found (Debian: apt install chromium)")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_in_a_browser(shop: Shop, wiring: Extended, gitlab: GitLab) -> None:
    from axe_playwright_python.sync_playwright import Axe

    alpha, beta = (f"https://{HOSTS[e]}:{shop.port}" for e in ("alpha", "beta"))
    complaints: list[str] = []
    with browsing(shop) as page:
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.goto(f"{alpha}/search?q=lamp")
        assert "sign-in.shop.localhost" in page.url
        violations = Axe().run(page).response["violations"]
        assert [v["id"] for v in violations if v["impact"] in {"serious", "critical"}] == []
        assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        page.fill("input[name=user]", "ada")
        page.fill("input[name=password]", "wrong wrong wrong")
        page.click("button[type=submit]")
        assert "Wrong name or password" in page.inner_text("[role=alert]")
        complaints.clear()  # the browser tells of the 401
        page.fill("input[name=password]", "correct horse")
        page.click("button[type=submit]")
        page.wait_for_url(f"{alpha}/search?q=lamp")
        assert page.locator("main").count()
        assert page.evaluate("document.styleSheets.length") > 0
        assert page.evaluate("document.cookie") == ""
        names = {c["name"] for c in page.context.cookies() if c["name"].startswith("__Host-greenroom")}
        assert "__Host-greenroom" in names
        page.goto(f"{beta}/")
        assert page.url == f"{beta}/"
        page.goto(f"{alpha}/media/lamp.txt")
        assert "a lamp" in page.content()
        page.goto(f"{alpha}/.greenroom/sign-out")
        page.goto(f"{alpha}/")
        assert "sign-in.shop.localhost" in page.url
        page.click("text=Sign in with")
        page.wait_for_url(f"{alpha}/")
        # Pages of production's slot name production's uploads, which these buckets do not have.
        assert [c for c in complaints if "404" not in c] == []
    assert gitlab.asked.count("/oauth/token") == 1


def test_destroying_ends_the_tokens(shop: Shop, wiring: Extended) -> None:
    from greenroom.ports.admitting import MachineToken

    door = next(r for r in wiring.site.doors.resources if r.name == "access")
    wiring.local.doorkeeper.create_token(MachineToken("robot", "beta", 0.0))
    assert door.residue("beta") == ("token robot of beta",)
    door.remove("beta")
    assert door.residue("beta") == ()
    assert (shop.state / "secrets" / "_signin.json").stat().st_mode & 0o777 == 0o600
