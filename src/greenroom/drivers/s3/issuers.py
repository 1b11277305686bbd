"""Who makes an environment's S3 key: an IAM, MinIO's own interface, or nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from greenroom.domain.secret import Secret
from greenroom.drivers.s3.policies import own_bucket
from greenroom.drivers.s3.store import Key, Store, unless

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

POLICY = "own-bucket"


class Issuer(Protocol):
    """Makes a user for each bucket, with a key that opens this bucket and nothing else. Every verb may be repeated."""

    def users(self) -> set[str]:
        """The names of all users. Raises when they cannot be listed."""

    def ensure(self, user: str, have: str | None) -> Key | None:
        """Make the user of the bucket of that name. A key when ``have`` is none of its own; older keys then die."""

    def remove(self, user: str) -> None:
        """Remove the user; its key opens nothing afterwards."""


def issuer_of(name: str, store: Store) -> Issuer:
    """``iam``, ``minio`` or ``given``; the administrator's key makes the others, or is the one that all get."""
    if name == "minio":
        from greenroom.drivers.s3.minio import MinioIssuer

        return MinioIssuer(store)
    return GivenIssuer(store.admin) if name == "given" else IamIssuer(store)


class IamIssuer:
    """The IAM interface of AWS, as SeaweedFS speaks it too."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def users(self) -> set[str]:
        with self._store.iam() as iam:
            return _users(iam)

    def ensure(self, user: str, have: str | None) -> Key | None:
        with self._store.iam() as iam:
            if user not in _users(iam):
                iam.create_user(UserName=user)
            iam.put_user_policy(UserName=user, PolicyName=POLICY, PolicyDocument=own_bucket(user))
            known = _keys(iam, user)
            if have in known:
                return None
            # The user has at most two; one made by a killed command is known to nobody.
            for id in known:
                iam.delete_access_key(UserName=user, AccessKeyId=id)
            made = iam.create_access_key(UserName=user)["AccessKey"]

        return Key(made["AccessKeyId"], Secret(made["SecretAccessKey"]))

    def remove(self, user: str) -> None:
        with self._store.iam() as iam:
            if user not in _users(iam):
                return
            for id in _keys(iam, user):
                iam.delete_access_key(UserName=user, AccessKeyId=id)
            with unless("NoSuchEntity"):
                iam.delete_user_policy(UserName=user, PolicyName=POLICY)
            iam.delete_user(UserName=user)


class GivenIssuer:
    """One key for all environments, from the configuration. Nothing keeps one environment out of another's bucket."""

    def __init__(self, key: Callable[[], Key]) -> None:
        self._key = key

    def users(self) -> set[str]:
        return set()

    def ensure(self, user: str, have: str | None) -> Key | None:
        return self._key()

    def remove(self, user: str) -> None:
        return None


def _users(iam: IAMClient) -> set[str]:
    pages = iam.get_paginator("list_users").paginate()
    return {user["UserName"] for page in pages for user in page.get("Users", [])}


def _keys(iam: IAMClient, user: str) -> list[str]:
    return [key["AccessKeyId"] for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]]
