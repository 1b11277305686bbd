"""Stores whose n-th request is never sent: what a kill at that point leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from mypy_boto3_iam import IAMClient
from mypy_boto3_s3 import S3Client

from greenroom.drivers.s3.minio import MinioIssuer
from greenroom.drivers.s3.store import Store

LOOKS = ("list_buckets", "get_paginator", "exceptions", "meta", "can_paginate")
"""Calls that change nothing; a kill before one is a kill before the next."""


class Killed(BaseException):
    """The actor died. No exception of the program's own: nothing may catch it and clean up."""


class Cut:
    """Counts requests; the one that finds ``left`` at zero raises :class:`Killed`."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.done: list[str] = []

    def __call__(self, name: str) -> None:
        if self.left == 0:
            raise Killed(name)
        self.left -= 1
        self.done.append(name)


class CutStore(Store):
    """A store with a :class:`Cut` before every request."""

    cut: Cut

    @classmethod
    def of(cls, real: Store, cut: Cut) -> CutStore:
        made = cls(real.endpoint, real.admin, real.clock, real.region, real.iam_endpoint)
        object.__setattr__(made, "cut", cut)
        return made

    @contextmanager
    def s3(self) -> Iterator[S3Client]:
        with super().s3() as client:
            yield cast("S3Client", Counted(client, self.cut))

    @contextmanager
    def iam(self) -> Iterator[IAMClient]:
        with super().iam() as client:
            yield cast("IAMClient", Counted(client, self.cut))


class CutMinio(MinioIssuer):
    """MinIO's interface, cut in the same way."""

    @contextmanager
    def _admin(self) -> Iterator[Any]:
        assert isinstance(self._store, CutStore)
        with super()._admin() as admin:
            yield Counted(admin, self._store.cut)


class Counted:
    """Any client, counted call by call."""

    def __init__(self, real: Any, cut: Callable[[str], None]) -> None:
        self._real = real
        self._cut = cut

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name in LOOKS or not callable(found):
            return found

        def counted(*arguments: Any, **more: Any) -> Any:
            self._cut(name)
            return found(*arguments, **more)

        return counted
