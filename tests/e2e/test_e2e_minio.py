"""The shop on another object store: MinIO, with a user of its own for each environment."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from shop import Shop, processes_of

from greenroom.drivers.s3.minio import MinioIssuer
from greenroom.drivers.s3.store import Key, Store
from greenroom.drivers.system.real import this_machine
from servers import minio, minio_program

pytestmark = pytest.mark.timeout(1800)
"""The first run builds MinIO."""


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with minio(minio_program()) as (address, id, secret):
        yield Store(address, lambda: Key(id, secret), this_machine().clock)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[Shop]:
    made = Shop(tmp_path_factory.mktemp("shop") / "marketplace")
    made.make()
    toml = made.folder / "greenroom.toml"
    toml.write_text(toml.read_text() + f'\n[s3]\nendpoint = "{store.endpoint}"\nissuer = "minio"\n')
    made.commit("another store")
    try:
        yield made
    finally:
        made.destroy()


def fetched(shop: Shop, path: str) -> tuple[int, str]:
    """Status and body, through the edge."""
    answer = this_machine().net.ask_tls("shop.localhost", shop.port, path, shop.ca, 20.0, "127.0.0.1")
    return answer.status, answer.body


def test_without_the_key_the_variables_are_named(shop: Shop) -> None:
    error = shop.json("up", exit=2)
    assert error["code"] == "no-s3-key"
    assert "GREENROOM_S3_KEY and GREENROOM_S3_SECRET" in error["message"]


def test_pictures_come_from_it(shop: Shop, store: Store) -> None:
    shop.env |= {"GREENROOM_S3_KEY": store.admin().id, "GREENROOM_S3_SECRET": store.admin().secret.reveal()}
    shop.json("up", timeout=300)
    shop.seed(24)
    status, page = fetched(shop, "/")
    assert status == 200
    picture = re.search(r'"(/media/[^"]+)"', page)
    assert picture is not None
    status, content = fetched(shop, picture[1])
    assert status == 200
    assert len(content) > 100
    assert fetched(shop, "/media/nothing.webp")[0] == 404
    assert not [line for _, line in processes_of(shop.state) if "weed" in line], "no store of our own runs"
    values = shop.run("run", "--job", "--", "env").stdout
    assert store.admin().secret.reveal() not in values, "the app has a key of its own"


def test_nothing_is_left_in_it(shop: Shop, store: Store) -> None:
    issuer = MinioIssuer(store)
    assert "shop-production" in issuer.users()
    shop.json("destroy", "--yes", timeout=300)
    assert "shop-production" not in issuer.users()
    with store.s3() as s3:
        assert s3.list_buckets()["Buckets"] == []
