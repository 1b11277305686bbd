"""MinIO's own users and policies, through its administration interface (v3)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.s3.policies import own_bucket
from greenroom.drivers.s3.store import Key, Store

if TYPE_CHECKING:
    from minio import MinioAdmin

GONE = ("XMinioAdminNoSuchUser", "XMinioAdminNoSuchPolicy")
"""Answers that say that what is to be removed is not there."""

ATTACHED = "XMinioAdminPolicyChangeAlreadyApplied"


class MinioIssuer:
    """See :class:`greenroom.drivers.s3.issuers.Issuer`. User, access key and policy have the bucket's name.

    The library encrypts what it sends (Argon2id, AES-GCM) as the server demands it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def users(self) -> set[str]:
        with self._admin() as admin:
            return {*_listed(admin.user_list()), *_listed(admin.policy_list())}

    def ensure(self, user: str, have: str | None) -> Key | None:
        with self._admin() as admin:
            admin.policy_add(user, policy=json.loads(own_bucket(user)))
            made = None
            if have != user or user not in _listed(admin.user_list()):
                made = Key(user, Secret(secrets.token_urlsafe(24)))
                admin.user_add(user, made.secret.reveal())
            _unless((ATTACHED,), lambda: admin.attach_policy([user], user=user))
        return made

    def remove(self, user: str) -> None:
        with self._admin() as admin:
            _unless(GONE, lambda: admin.user_remove(user))
            _unless(GONE, lambda: admin.policy_remove(user))

    @contextmanager
    def _admin(self) -> Iterator[MinioAdmin]:
        try:
            from minio import MinioAdmin
            from minio.credentials.providers import StaticProvider
            from minio.error import MinioAdminException
        except ImportError:
            raise GreenroomError(
                "no-minio", "there is no minio library", "pip install 'greenroom[minio]'", Exit.USAGE
            ) from None
        from urllib3.exceptions import HTTPError

        key, address = self._store.admin(), urlsplit(self._store.endpoint)
        provider = StaticProvider(key.id, key.secret.reveal())
        try:
            yield MinioAdmin(endpoint=address.netloc, credentials=provider, secure=address.scheme == "https")
        except (MinioAdminException, HTTPError) as error:
            raise GreenroomError("s3", f"MinIO at {self._store.endpoint}: {error}", "[s3] issuer") from error


def _listed(answer: str) -> set[str]:
    return set(json.loads(answer) or {})


def _unless(codes: tuple[str, ...], act: Callable[[], object]) -> None:
    from minio.error import MinioAdminException

    try:
        act()
    except MinioAdminException as error:
        if not any(code in str(error) for code in codes):
            raise
