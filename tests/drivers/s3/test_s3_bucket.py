"""A bucket and its key, on SeaweedFS and on MinIO: whose it is, who gets in, and what a kill anywhere leaves."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from cutting import Cut, CutMinio, CutStore, Killed

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.s3.bucket import Bucket
from greenroom.drivers.s3.issuers import GivenIssuer, IamIssuer, Issuer, issuer_of
from greenroom.drivers.s3.store import Key, Store, key_from
from greenroom.drivers.system.real import this_machine
from servers import minio, minio_program, project_of, seaweed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.timeout(1800)
"""The first run builds MinIO."""


@dataclass
class Keys:
    """An environment's keys, in memory."""

    kept: dict[str, Secret] = field(default_factory=dict)

    def get(self, key: str) -> Secret | None:
        return self.kept.get(key)

    def put_all(self, values: Mapping[str, Secret]) -> None:
        self.kept.update(values)


@dataclass
class Stand:
    """A project on a store, with buckets as this test wants them."""

    project: str
    store: Store
    issuer: str
    keys: dict[str, Keys] = field(default_factory=dict)
    public: bool = True

    def bucket(self, project: str | None = None, prefix: str | None = None) -> Bucket:
        issuer = issuer_of(self.issuer, self.store)
        return Bucket(
            project or self.project,
            self.store,
            issuer,
            self.kept,
            lambda _: self.public,
            prefix or self.project,
        )

    def cut(self, cut: Cut) -> Bucket:
        store = CutStore.of(self.store, cut)
        issuer: Issuer = CutMinio(store) if self.issuer == "minio" else IamIssuer(store)
        return Bucket(self.project, store, issuer, self.kept, lambda _: self.public)

    def kept(self, environment: str) -> Keys:
        return self.keys.setdefault(environment, Keys())

    def forget(self, environment: str) -> None:
        """What removing the environment's secrets does, after its bucket has gone."""
        self.keys.pop(environment, None)

    def app(self, environment: str) -> S3Client:
        """The store as the environment's app reaches it."""
        return client(self.bucket().values(environment))


def client(values: Mapping[str, Secret]) -> S3Client:
    return boto3.client(
        "s3",
        endpoint_url=values["S3_ENDPOINT_URL"].reveal(),
        aws_access_key_id=values["AWS_ACCESS_KEY_ID"].reveal(),
        aws_secret_access_key=values["AWS_SECRET_ACCESS_KEY"].reveal(),
        region_name=values["AWS_REGION"].reveal(),
        config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}),
    )


@pytest.fixture(scope="module", params=["iam", "minio"])
def store(request: pytest.FixtureRequest) -> Iterator[tuple[Store, str]]:
    server = minio(minio_program()) if request.param == "minio" else seaweed()
    with server as (address, id, secret):
        yield Store(address, lambda: Key(id, secret), this_machine().clock), request.param


@pytest.fixture
def stand(store: tuple[Store, str], request: pytest.FixtureRequest) -> Stand:
    return Stand(project_of(request), *store)


def denied(act: Callable[[], object]) -> str:
    """The code with which it is refused."""
    with pytest.raises(ClientError) as caught:
        act()
    return str(caught.value.response["Error"]["Code"])


def anonymous(stand: Stand, path: str) -> int:
    """The status that somebody without a key gets."""
    request = urllib.request.Request(f"{stand.store.endpoint}/{path}")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return int(error.code)


def test_its_own_bucket_opens_and_no_other(stand: Stand) -> None:
    made = stand.bucket()
    assert not made.observe("fb-1").there
    for environment in ("fb-1", "fb-2"):
        made.ensure(environment)
        stand.app(environment).put_object(Bucket=made.label(environment), Key="a b/ü+&", Body=b"1234")
    before = made.values("fb-1")
    made.ensure("fb-1")
    assert made.values("fb-1") == before, "a key that works stays"
    one, other = stand.app("fb-1"), made.label("fb-2")
    assert one.get_object(Bucket=made.label("fb-1"), Key="a b/ü+&")["Body"].read() == b"1234"
    assert denied(lambda: one.get_object(Bucket=other, Key="a b/ü+&")) == "AccessDenied"
    assert denied(lambda: one.put_object(Bucket=other, Key="x", Body=b"")) == "AccessDenied"
    assert denied(lambda: one.list_objects_v2(Bucket=other)) == "AccessDenied"
    assert denied(lambda: one.create_bucket(Bucket=f"{other}-x")) == "AccessDenied"
    assert denied(lambda: one.put_bucket_policy(Bucket=made.label("fb-1"), Policy="{}")) == "AccessDenied"
    seen = made.observe("fb-1")
    assert (seen.there, seen.bytes) == (True, 4)
    for environment in ("fb-1", "fb-2"):
        made.remove(environment)
        assert made.residue(environment) == ()


def test_public_and_private_and_back(stand: Stand) -> None:
    made, label = stand.bucket(), stand.bucket().label("fb-1")
    for public in (True, False, True):
        stand.public = public
        made.ensure("fb-1")
        for key in ("public/a", "secret/a"):
            stand.app("fb-1").put_object(Bucket=label, Key=key, Body=b"1")
        assert anonymous(stand, f"{label}/public/a") == (200 if public else 403)
        assert anonymous(stand, f"{label}/secret/a") == 403
        assert anonymous(stand, f"{label}?list-type=2") == 403
    made.remove("fb-1")


def test_a_removed_key_is_dead(stand: Stand) -> None:
    made, label = stand.bucket(), stand.bucket().label("fb-1")
    made.ensure("fb-1")
    app = stand.app("fb-1")
    app.put_object(Bucket=label, Key="x", Body=b"1")
    made.remove("fb-1")
    made.remove("fb-1")
    stand.forget("fb-1")
    made.ensure("fb-1")
    assert denied(lambda: app.list_objects_v2(Bucket=label)) in (
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
    )
    assert "Contents" not in stand.app("fb-1").list_objects_v2(Bucket=label), "the new bucket is empty"
    made.remove("fb-1")


def test_versions_uploads_and_many_objects_go(stand: Stand) -> None:
    made, label = stand.bucket(), stand.bucket().label("fb-1")
    made.ensure("fb-1")
    with stand.store.s3() as admin:
        admin.put_bucket_versioning(Bucket=label, VersioningConfiguration={"Status": "Enabled"})
        for number in range(3):
            admin.put_object(Bucket=label, Key="changed", Body=str(number).encode())
        admin.delete_object(Bucket=label, Key="changed")
        upload = admin.create_multipart_upload(Bucket=label, Key="big")["UploadId"]
        admin.upload_part(Bucket=label, Key="big", UploadId=upload, PartNumber=1, Body=b"x" * 1000)
        for number in range(1010):
            admin.put_object(Bucket=label, Key=f"many/{number}", Body=b"")
    made.remove("fb-1")
    assert made.residue("fb-1") == ()
    assert made.found() == {}


def test_what_is_there_is_found(stand: Stand) -> None:
    made = stand.bucket()
    assert made.found() == {}
    made.ensure("fb-1")
    made.ensure("production")
    assert list(made.found()) == ["fb-1", "production"]
    with stand.store.s3() as admin:
        admin.delete_bucket(Bucket=made.label("fb-1"))
    assert made.found()["fb-1"].startswith("S3 user"), "a user without a bucket is residue too"
    for environment in ("fb-1", "production"):
        made.remove(environment)
    assert made.found() == {}


def test_another_projects_bucket_is_left_alone(stand: Stand) -> None:
    longer = stand.bucket(f"{stand.project}-x", f"{stand.project}-x")
    longer.ensure("fb-1")
    mine = stand.bucket()
    assert mine.found() == {}
    for act in (mine.ensure, mine.remove):
        with pytest.raises(GreenroomError, match="belongs to") as caught:
            act("x-fb-1")
        assert caught.value.exit is Exit.USAGE
    assert mine.residue("x-fb-1") == ()
    longer.remove("fb-1")


@pytest.mark.parametrize("then", ["ensure", "remove"])
def test_killed_anywhere_in_ensure(stand: Stand, then: str) -> None:
    made = stand.bucket()
    for number in range(40):
        cut = Cut(number)
        killed = _killed(lambda cut=cut: stand.cut(cut).ensure("fb-1"))  # type: ignore[misc]
        assert bool(made.residue("fb-1")) == (list(made.found()) == ["fb-1"])
        if then == "ensure":
            made.ensure("fb-1")
            stand.app("fb-1").put_object(Bucket=made.label("fb-1"), Key="x", Body=b"1")
        made.remove("fb-1")
        assert made.residue("fb-1") == ()
        assert made.found() == {}
        stand.forget("fb-1")
        if not killed:
            assert number > 4
            return
    raise AssertionError("it never ended")


def test_killed_anywhere_in_remove(stand: Stand) -> None:
    made = stand.bucket()
    for number in range(40):
        made.ensure("fb-1")
        stand.app("fb-1").put_object(Bucket=made.label("fb-1"), Key="x", Body=b"1")
        cut = Cut(number)
        killed = _killed(lambda cut=cut: stand.cut(cut).remove("fb-1"))  # type: ignore[misc]
        assert bool(made.residue("fb-1")) == (list(made.found()) == ["fb-1"])
        made.remove("fb-1")
        assert made.residue("fb-1") == ()
        stand.forget("fb-1")
        if not killed:
            assert number > 3
            return
    raise AssertionError("it never ended")


def test_a_lost_key_is_made_anew(stand: Stand) -> None:
    made, label = stand.bucket(), stand.bucket().label("fb-1")
    made.ensure("fb-1")
    old = stand.app("fb-1")
    stand.forget("fb-1")
    made.ensure("fb-1")
    stand.app("fb-1").put_object(Bucket=label, Key="x", Body=b"1")
    assert denied(lambda: old.list_objects_v2(Bucket=label)) in (
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
    )
    made.remove("fb-1")


def test_one_given_key_for_all(stand: Stand) -> None:
    issuer = GivenIssuer(stand.store.admin)
    made = Bucket(stand.project, stand.store, issuer, stand.kept, lambda _: False)
    made.ensure("fb-1")
    assert made.values("fb-1")["AWS_ACCESS_KEY_ID"] == Secret(stand.store.admin().id)
    client(made.values("fb-1")).put_object(Bucket=made.label("fb-1"), Key="x", Body=b"1")
    assert list(made.found()) == ["fb-1"]
    made.remove("fb-1")
    assert made.residue("fb-1") == ()


def test_it_raises_when_it_cannot_look(stand: Stand) -> None:
    wrong = Store(stand.store.endpoint, lambda: Key("nobody", Secret("nothing")), _Impatient())
    blind = Bucket(stand.project, wrong, issuer_of(stand.issuer, wrong), stand.kept)
    for look in (blind.found, lambda: blind.residue("fb-1"), lambda: blind.observe("fb-1")):
        with pytest.raises(GreenroomError):
            look()


def test_a_key_that_is_not_set_is_named() -> None:
    with pytest.raises(GreenroomError, match="B must hold") as caught:
        key_from({"A": "x", "B": ""}, "A", "B")
    assert caught.value.exit is Exit.USAGE
    assert key_from({"A": "x", "B": "y"}, "A", "B") == Key("x", Secret("y"))


class _Impatient:
    """A clock on which every wait is over at once."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += 1000.0


def _killed(act: Callable[[], object]) -> bool:
    try:
        act()
    except Killed:
        return True
    return False
