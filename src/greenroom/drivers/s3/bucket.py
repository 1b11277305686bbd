"""A bucket per environment, and a key that opens it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.s3.emptying import empty
from greenroom.drivers.s3.issuers import Issuer
from greenroom.drivers.s3.policies import public_read
from greenroom.drivers.s3.store import REGION, Key, Store, unless
from greenroom.ports import Presence, Values

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LABELS = ("greenroom", "environment")
"""The tags that say whose a bucket is: the project, the environment."""

COUNTED_PAGES = 20
"""Pages of a listing (1,000 objects each) that are added up for a bucket's size; a larger bucket's stays unknown."""

NO_TAGS = ("NoSuchTagSet", "NotImplemented", "MethodNotAllowed", "NoSuchTagSetError")


class KeyStore(Protocol):
    """Where an environment's S3 key is kept."""

    def get(self, key: str) -> Secret | None:
        """The value, if it is there."""

    def put_all(self, values: Mapping[str, Secret]) -> None:
        """Keep them, all or none."""


class Bucket:
    """See :class:`greenroom.ports.Resource`.

    ``prefix`` begins the name of every bucket and user of the project. ``issuer`` makes the key. ``public`` says of which
    environments anybody may read ``public/``; of the others nobody may read anything without the key. Tags say whose a
    bucket is, where the store knows tags; a user is told by its name.
    """

    name = "bucket"

    def __init__(
        self,
        project: str,
        store: Store,
        issuer: Issuer,
        keys: Callable[[str], KeyStore],
        public: Callable[[str], bool] = lambda _: True,
        prefix: str | None = None,
    ) -> None:
        self._project = project
        self._store = store
        self._issuer = issuer
        self._keys = keys
        self._public = public
        self._prefix = prefix or project

    def label(self, environment: str) -> str:
        """The bucket's name, and its user's."""
        return f"{self._prefix}-{environment}"

    def observe(self, environment: str) -> Presence:
        label = self.label(environment)
        with self._store.s3() as s3:
            there = label in _buckets(s3)
            return Presence(there, label, _size(s3, label) if there else None)

    def ensure(self, environment: str) -> None:
        label = self.label(environment)
        with self._store.s3() as s3:
            if label not in _buckets(s3):
                self._create(s3, label)
            self._check_owner(s3, environment)
            tags = [{"Key": key, "Value": value} for key, value in self._tags(environment).items()]
            with unless(*NO_TAGS):
                s3.put_bucket_tagging(Bucket=label, Tagging={"TagSet": tags})  # type: ignore[typeddict-item]
            if self._public(environment):
                s3.put_bucket_policy(Bucket=label, Policy=public_read(label))
            else:
                with unless("NoSuchBucketPolicy"):
                    s3.delete_bucket_policy(Bucket=label)
        self._ensure_key(environment)

    def values(self, environment: str) -> Values:
        key = self._key(environment)
        if key is None:
            return {}
        return {
            "S3_ENDPOINT_URL": Secret(self._store.for_apps or self._store.endpoint),
            "S3_BUCKET": Secret(self.label(environment)),
            "AWS_ACCESS_KEY_ID": Secret(key.id),
            "AWS_SECRET_ACCESS_KEY": key.secret,
            "AWS_REGION": Secret(self._store.region),
        }

    def unreachable(self, environment: str) -> Values:
        return {"S3_ENDPOINT_URL": Secret("http://127.0.0.1:1")}

    def remove(self, environment: str) -> None:
        """The key dies first: nobody may write while the bucket is emptied."""
        label = self.label(environment)
        with self._store.s3() as s3:
            there = label in _buckets(s3)
            if there:
                self._check_owner(s3, environment)
            self._issuer.remove(label)
            if there:
                empty(s3, label)
                s3.delete_bucket(Bucket=label)

    def residue(self, environment: str) -> tuple[str, ...]:
        label = self.label(environment)
        with self._store.s3() as s3:
            if label in _buckets(s3):
                return (
                    (f"bucket {label}", *self._users_named(label)) if self._is_mine(s3, environment) else ()
                )
        return self._users_named(label)

    def found(self) -> Mapping[str, str]:
        users = self._issuer.users()
        with self._store.s3() as s3:
            buckets = _buckets(s3)
            labels = {name for name in buckets | users if name.startswith(f"{self._prefix}-")}
            mine = {}
            for label in sorted(labels):
                environment = label.removeprefix(f"{self._prefix}-")
                if label not in buckets or self._is_mine(s3, environment):
                    bucket, user = label in buckets, label in users
                    mine[environment] = ", ".join(["bucket"] * bucket + ["S3 user"] * user) + f" {label}"
        return mine

    def _create(self, s3: S3Client, label: str) -> None:
        where: dict[str, Any] = {"CreateBucketConfiguration": {"LocationConstraint": self._store.region}}
        more = {} if self._store.region == REGION else where
        with unless("BucketAlreadyOwnedByYou"):
            s3.create_bucket(Bucket=label, **more)

    def _ensure_key(self, environment: str) -> None:
        have = self._key(environment)
        made = self._issuer.ensure(self.label(environment), have.id if have else None)
        if made is not None and made != have:
            kept = {"S3_ACCESS_KEY": Secret(made.id), "S3_SECRET_KEY": made.secret}
            self._keys(environment).put_all(kept)

    def _key(self, environment: str) -> Key | None:
        keys = self._keys(environment)
        id, secret = keys.get("S3_ACCESS_KEY"), keys.get("S3_SECRET_KEY")
        return Key(id.reveal(), secret) if id and secret else None

    def _users_named(self, label: str) -> tuple[str, ...]:
        return (f"S3 user {label}",) if label in self._issuer.users() else ()

    def _tags(self, environment: str) -> dict[str, str]:
        return dict(zip(LABELS, (self._project, environment), strict=True))

    def _is_mine(self, s3: S3Client, environment: str) -> bool:
        tags = _tags(s3, self.label(environment))
        return not tags or tags == self._tags(environment)

    def _check_owner(self, s3: S3Client, environment: str) -> None:
        if not self._is_mine(s3, environment):
            label = self.label(environment)
            raise GreenroomError(
                "name-taken",
                f"bucket {label} belongs to {' '.join(_tags(s3, label).values())}",
                "a bucket_prefix of its own in [s3]",
                Exit.USAGE,
            )


def _tags(s3: S3Client, label: str) -> dict[str, str]:
    """The tags that say whose the bucket is; empty when there are none."""
    found: Iterable[Any] = ()
    with unless(*NO_TAGS):
        found = s3.get_bucket_tagging(Bucket=label)["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in found if tag["Key"] in LABELS}


def _buckets(s3: S3Client) -> set[str]:
    return {bucket["Name"] for bucket in s3.list_buckets().get("Buckets", [])}


def _size(s3: S3Client, label: str) -> int | None:
    pages = iter(s3.get_paginator("list_objects_v2").paginate(Bucket=label))
    size = sum(item["Size"] for page in islice(pages, COUNTED_PAGES) for item in page.get("Contents", []))
    return size if next(pages, None) is None else None
