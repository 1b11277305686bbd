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
"""The port answers a little before the store does; so long it is asked again. The last answer may take a read's
time-out longer."""
TRIES = 5
"""So often one request is tried, with growing pauses: a store with much to do answers 503."""
QUIET_SECONDS = 2.0
"""A store that starts takes about a second; so long nothing is said."""


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
    than the store's own answers IAM. ``say`` is told when it makes us wait. ``for_apps``: where apps reach it, if elsewhere."""

    endpoint: str
    admin: Callable[[], Key]
    clock: Clock
    region: str = REGION
    iam_endpoint: str | None = None
    say: Callable[[str], None] = lambda _text: None
    for_apps: str | None = None

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
        """Asked without the library's own retries until it answers; what follows is tried again by the library."""
        s3: S3Client = self._client("s3", self.endpoint, tries=1)
        until, said = self.clock.monotonic() + PATIENCE_SECONDS, False
        while True:
            try:
                s3.list_buckets()
            except refusals() as error:
                left = until - self.clock.monotonic()
                if left <= 0:
                    raise _silent(self.endpoint, error) from error
                if not said and left < PATIENCE_SECONDS - QUIET_SECONDS:
                    self.say(f"the object store does not answer yet; asking again for {left:.0f} s")
                    said = True
                self.clock.sleep(0.1)
            else:
                return self._client("s3", self.endpoint)  # type: ignore[no-any-return]

    def _client(self, service: str, address: str, tries: int = TRIES) -> Any:
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
                read_timeout=5,
                retries={"total_max_attempts": tries, "mode": "standard"},
                s3={"addressing_style": "path"},
            ),
        )


def refusals() -> tuple[type[Exception], ...]:
    """What the AWS library raises for a store that gives no good answer."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    return BotoCoreError, ClientError, ResponseParserError


def _silent(address: str, error: Exception) -> GreenroomError:
    return GreenroomError(
        "s3",
        f"the object store at {address} gives no good answer for {PATIENCE_SECONDS:.0f} s: {error}",
        "greenroom logs s3; then greenroom up",
    )


@contextmanager
def told(address: str) -> Iterator[None]:
    """What the AWS library raises, as a :class:`GreenroomError` with the store's address."""
    try:
        yield
    except refusals() as error:
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
