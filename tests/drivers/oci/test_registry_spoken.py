"""What a registry may say that the two real ones do not: pages, the referrers API, a metadata database, a proxy before it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from greenroom.domain.errors import GreenroomError
from greenroom.domain.registry.memory import Remembered
from greenroom.domain.registry.names import keep_tag
from greenroom.domain.registry.seen import Damage
from greenroom.domain.registry.settings import Collection, Pruning
from greenroom.drivers.oci.collector import OciCollector
from greenroom.drivers.oci.credentials import Logins
from greenroom.drivers.oci.holding import HeldTags, ImageHolds
from greenroom.drivers.oci.reference import Reference
from greenroom.drivers.oci.referrers import digest_of
from greenroom.drivers.oci.registry import Registry
from greenroom.drivers.oci.remembering import RegistryMemory
from greenroom.drivers.oci.shelf import OciShelf
from greenroom.drivers.oci.store import MANIFEST
from greenroom.drivers.system.clock import SystemClock
from greenroom.ports.registry import Answering
from greenroom.services.registry.keeper import Keeper
from greenroom.services.registry.pruning import prune

NOWHERE = Path("/dev/null")
Answer = tuple[int, Mapping[str, str], bytes]


@contextmanager
def saying(answers: Mapping[str, Answer]) -> Iterator[str]:
    """A registry that knows those answers by ``METHOD path?query``; to anything else it says 404. Its host."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, body = answers.get(f"{self.command} {self.path}", (404, {}, b"{}"))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_DELETE = _answer  # noqa: N815 - the names that http.server calls

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=http.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"127.0.0.1:{http.server_port}"
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def told(data: Any) -> bytes:
    return json.dumps(data).encode()


def client(host: str) -> Registry:
    return Registry(Reference(host, "shop/app"), Logins({}), insecure=True)


def manifest(**more: Any) -> tuple[str, Answer]:
    content = told({"schemaVersion": 2, "mediaType": MANIFEST, **more})
    return digest_of(content), (
        200,
        {"Docker-Content-Digest": digest_of(content), "Content-Type": MANIFEST},
        content,
    )


def test_lists_go_on_where_their_link_leads_and_nowhere_else() -> None:
    first = (200, {"Link": '</v2/shop/app/tags/list?last=b&n=2>; rel="next"'}, told({"tags": ["b", "a"]}))
    second = (200, {"Link": '<list?last=c>; rel="next"'}, told({"tags": ["c", "a"]}))
    third: Answer = (200, {}, told({"tags": None}))
    pages = {
        "GET /v2/shop/app/tags/list": first,
        "GET /v2/shop/app/tags/list?last=b&n=2": second,
        "GET /v2/shop/app/tags/list?last=c": third,
    }
    with saying(pages) as host:
        assert client(host).tags() == ("b", "a", "c")
    away = (
        200,
        {"Link": '<http://elsewhere.example/v2/shop/app/tags/list>; rel="next"'},
        told({"tags": ["a"]}),
    )
    with saying({"GET /v2/shop/app/tags/list": away}) as host, pytest.raises(GreenroomError):
        client(host).tags()
    with saying({}) as host:
        assert client(host).tags() == ()


def test_documents_are_found_by_the_api_and_what_is_broken_is_told() -> None:
    image, whole = manifest(layers=[{"digest": "sha256:" + "1" * 64, "size": 5}])
    document, about = manifest(subject={"digest": image})
    listed = told({"manifests": [{"digest": document}]})
    answers = {
        "GET /v2/shop/app/tags/list": (200, {}, told({"tags": ["one", "lost", "odd", "sick"]})),
        "GET /v2/shop/app/manifests/one": whole,
        "GET /v2/shop/app/manifests/odd": (200, whole[1], b"[]"),
        "GET /v2/shop/app/manifests/sick": (500, {}, b""),
        f"GET /v2/shop/app/manifests/{document}": about,
        f"GET /v2/shop/app/referrers/{image}": (200, {}, listed),
        f"GET /v2/shop/app/referrers/{document}": (200, {}, told({"manifests": []})),
    }
    with saying(answers) as host:
        seen = OciShelf(client(host), "shop/app").look()
    assert set(seen.manifests) == {image, document}
    assert seen.tags == {"one": image, "lost": "", "odd": "", "sick": ""}
    assert seen.broken["lost"].damage is Damage.GONE
    assert set(seen.unread) == {"odd", "sick"}
    assert set(seen.needed([image])) == {image, document}


def test_an_image_in_use_that_cannot_be_read_counts_and_one_of_another_repository_does_not() -> None:
    sick, elsewhere = f"sha256:{'5' * 64}", f"sha256:{'4' * 64}"
    answers: dict[str, Answer] = {
        "GET /v2/shop/app/tags/list": (200, {}, told({"tags": None})),
        f"GET /v2/shop/app/manifests/{sick}": (500, {}, b""),
    }
    with saying(answers) as host:
        seen = OciShelf(client(host), "shop/app").look([sick, elsewhere])
    assert seen.unread == (sick,)
    assert set(seen.broken) == {sick}


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ({"POST /v2/shop/app/blobs/uploads/": (405, {}, b"{}")}, Answering.READ_ONLY),
        ({"POST /v2/shop/app/blobs/uploads/": (502, {}, b"")}, Answering.AWAY),
        (
            {
                "POST /v2/shop/app/blobs/uploads/": (202, {"Location": "/v2/shop/app/blobs/uploads/1"}, b""),
                "DELETE /v2/shop/app/blobs/uploads/1": (204, {}, b""),
            },
            Answering.WRITABLE,
        ),
    ],
)
def test_whether_somebody_can_push_is_asked(answers: Mapping[str, Answer], state: Answering) -> None:
    with saying(answers) as host:
        assert OciCollector(client(host), Collection(), {}, NOWHERE).answering() is state
    assert OciCollector(client(host), Collection(), {}, NOWHERE).answering() is Answering.STOPPED


def test_a_registry_with_a_metadata_database_is_let_alone(tmp_path: Path) -> None:
    for value, alone in (("true", True), ("false", False)):
        with saying(
            {"GET /v2/": (200, {"Gitlab-Container-Registry-Database-Enabled": value}, b"{}")}
        ) as host:
            assert bool(OciCollector(client(host), Collection(), {}, NOWHERE).by_itself()) is alone
            assert OciCollector(client(host), Collection(metadata_database=True), {}, NOWHERE).by_itself()
            (tmp_path / "docker" / "registry" / "lockfiles").mkdir(parents=True, exist_ok=True)
            (tmp_path / "docker" / "registry" / "lockfiles" / "database-in-use").touch()
            assert OciCollector(client(host), Collection(storage=str(tmp_path)), {}, NOWHERE).by_itself()


def test_an_environment_goes_also_where_its_tags_cannot() -> None:
    tag = keep_tag("fb-1", "0123456789ab")
    answers: dict[str, Answer] = {
        "GET /v2/shop/app/tags/list": (200, {}, told({"tags": [tag]})),
        f"DELETE /v2/shop/app/manifests/{tag}": (403, {}, b"{}"),
    }
    said: list[str] = []
    with saying(answers) as host:
        place = Reference(host, "shop/app")
        held = HeldTags(ImageHolds(lambda where: OciShelf(client(host), where.path), [place]), said.append)
        held.remove("fb-1")
        assert "stay in the registry" in said[0]
        assert held.residue("fb-1") == ()
        assert held.found() == {"fb-1": "1 image tag(s)"}
    assert not held.observe("fb-1").there


def test_an_answer_that_nobody_expects_ends_a_prune(tmp_path: Path) -> None:
    first, whole = manifest(layers=[])
    answers: dict[str, Answer] = {"GET /v2/shop/app/tags/list": (200, {}, told({"tags": ["odd.1", "odd.2"]}))}
    for tag in ("odd.1", "odd.2"):
        answers |= {f"{verb} /v2/shop/app/manifests/{tag}": whole for verb in ("GET", "HEAD")}
        answers[f"DELETE /v2/shop/app/manifests/{tag}"] = (500, {}, b"{}")
    memory = RegistryMemory(tmp_path / "registry.json", print)
    memory.write(Remembered({"shop/app": {f"odd.{n}@{first}": 0.0 for n in (1, 2)}}))
    said: list[str] = []
    with saying(answers) as host:
        shelf, collector = (
            OciShelf(client(host), "shop/app"),
            OciCollector(client(host), Collection(), {}, NOWHERE),
        )
        keeper = Keeper(
            (shelf,),
            lambda _: shelf,
            collector,
            (),
            memory,
            Pruning(newest=0),
            SystemClock(),
            lambda event: said.append(event.text),
            lambda *_: None,
        )
        assert [item.tag for item in prune(keeper, apply=False).plans[0].going] == ["odd.1", "odd.2"]
        with pytest.raises(GreenroomError) as refused:
            prune(keeper, apply=True)
    assert refused.value.message.endswith("answered 500")
    assert not any("goes" in line for line in said)


def test_a_damaged_memory_makes_everything_new(tmp_path: Path) -> None:
    said: list[str] = []
    for text in ("{", "[]", '{"since": 3}', '{"since": {}, "totals": [[1]]}'):
        (tmp_path / "registry.json").write_text(text)
        assert RegistryMemory(tmp_path / "registry.json", said.append).read().since == {}
    assert len(said) == 4


def test_a_list_that_is_not_there_is_empty_only_where_it_may_be() -> None:
    """A proxy that knows no catalog has not said that the registry is empty; nor does a list end with a page that is not there."""
    following = {"Link": '</v2/shop/app/tags/list?last=a>; rel="next"'}
    pages = {"GET /v2/shop/app/tags/list": (200, following, told({"tags": ["a"]}))}
    with saying(pages) as host:
        registry = client(host)
        with pytest.raises(GreenroomError):
            registry.catalog()
        with pytest.raises(GreenroomError):
            registry.tags()
    with saying({}) as host:
        assert client(host).tags() == ()


@pytest.mark.parametrize(("status", "deletes"), [(404, True), (405, False), (400, False)])
def test_whether_it_deletes_is_asked_with_a_digest_that_nothing_has(status: int, deletes: bool) -> None:
    asked = f"DELETE /v2/shop/app/manifests/sha256:{'0' * 64}"
    with saying({asked: (status, {}, b"{}")}) as host:
        assert client(host).deletes() is deletes
