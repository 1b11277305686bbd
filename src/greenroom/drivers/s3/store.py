"""The way into an S3 store as its administrator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client

REGION = "us-east-1"
"""The region of stores that have none."""

PATIENCE_SECONDS = 20.0
"""The port answers a little before the store does; so long it is asked again."""


@dataclass(frozen=True, slots=True)
class Key:
    """An access key."""

    id: str
    secret: Secret


def key_from(environ: Mapping[str, str], id: str, secret: str) -> Key:
    """The key in these two environment variables. Raises :class:`GreenroomError` (exit 2) naming what is missing."""
    missing = [name for name in (id, secret) if not environ.get(name)]
    if missing:
        raise GreenroomError(
            "no-s3-key",
            f"{' and '.join(missing)} must hold the object store's key",
            "set it and try again",
            Exit.USAGE,
        )
    return Key(environ[id], Secret(environ[secret]))


@dataclass(frozen=True)
class Store:
    """``endpoint`` with scheme; ``admin`` gives the administrator's key. ``iam_endpoint``: where another address
    than the store's own answers IAM."""

    endpoint: str
    admin: Callable[[], Key]
    clock: Clock
    region: str = REGION
    iam_endpoint: str | None = None

    @contextmanager
    def s3(self) -> Iterator[S3Client]:
        """The store once it answers. Raises :class:`GreenroomError` for whatever it refuses."""
        with told(self.endpoint):
            yield self._patiently()

    @contextmanager
    def iam(self) -> Iterator[IAMClient]:
        """Users and their keys. Raises :class:`GreenroomError` for whatever is refused."""
        address = self.iam_endpoint or self.endpoint
        with told(address):
            yield self._client("iam", address)

    def _patiently(self) -> S3Client:
        from botocore.exceptions import BotoCoreError, ClientError

        s3: S3Client = self._client("s3", self.endpoint)
        until = self.clock.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                s3.list_buckets()
            except (BotoCoreError, ClientError):
                if self.clock.monotonic() >= until:
                    raise
                self.clock.sleep(0.1)
            else:
                return s3

    def _client(self, service: str, address: str) -> Any:
        import boto3
        from botocore.config import Config

        key = self.admin()
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=address,
            aws_access_key_id=key.id,
            aws_secret_access_key=key.secret.reveal(),
            region_name=self.region,
            config=Config(
                connect_timeout=2,
                read_timeout=10,
                retries={"max_attempts": 1},
                s3={"addressing_style": "path"},
            ),
        )


@contextmanager
def told(address: str) -> Iterator[None]:
    """What the AWS library raises, as a :class:`GreenroomError` with the store's address."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise GreenroomError("s3", f"the object store at {address}: {error}", "greenroom logs s3") from error


@contextmanager
def unless(*codes: str) -> Iterator[None]:
    """Pass over an answer with one of these error codes: what it refuses is as we want it, or unknown there."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in codes:
            raise
