"""Pictures in the bucket, under names made from their content."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError
from PIL import Image, ImageOps, UnidentifiedImageError

from shop.config import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "public/"
LARGE, SMALL = 1200, 480
MOST_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
FOREVER = "public, max-age=31536000, immutable"


class BadImageError(ValueError):
    """The upload is no picture we can use; the text is for the seller."""


@dataclass(frozen=True)
class Stored:
    """A picture and its thumbnail, ready to be put in the bucket."""

    key: str
    thumb_key: str
    width: int
    height: int
    large: bytes
    small: bytes


def client(settings: Settings, *, connect: float = 3, read: float = 15, attempts: int = 3) -> S3Client:
    """A client for the bucket."""
    return boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint,
        region_name=settings.s3_region,
        config=Config(
            connect_timeout=connect,
            read_timeout=read,
            retries={"total_max_attempts": attempts, "mode": "standard"},
            s3={"addressing_style": "path"},
            max_pool_connections=16,
        ),
    )


def prepare(data: bytes) -> Stored:
    """Check an upload and make a large and a small WebP of it, without any metadata."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise BadImageError("The picture has too many pixels.")
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        if isinstance(error, BadImageError):
            raise
        raise BadImageError("Please choose a JPEG, PNG or WebP picture.") from error
    return from_picture(picture)


def from_picture(picture: Image.Image, method: int = 4) -> Stored:
    """The two WebP files of a picture."""
    large = ImageOps.contain(picture, (LARGE, LARGE)) if max(picture.size) > LARGE else picture
    small = ImageOps.contain(picture, (SMALL, SMALL)) if max(picture.size) > SMALL else picture
    large_bytes, small_bytes = _webp(large, method), _webp(small, method)
    return Stored(_key(large_bytes), _key(small_bytes), large.width, large.height, large_bytes, small_bytes)


def upload(s3: S3Client, bucket: str, stored: Stored) -> None:
    """Put both files; the same content has the same name, so twice does no harm."""
    for key, body in ((stored.key, stored.large), (stored.thumb_key, stored.small)):
        s3.put_object(
            Bucket=bucket, Key=PREFIX + key, Body=body, ContentType="image/webp", CacheControl=FOREVER
        )


def fetch(s3: S3Client, bucket: str, key: str) -> bytes | None:
    """A public object's bytes, or None."""
    try:
        return s3.get_object(Bucket=bucket, Key=PREFIX + key)["Body"].read()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in {"NoSuchKey", "404", "NoSuchBucket"}:
            return None
        raise


def ensure_bucket(s3: S3Client, bucket: str) -> None:
    """Make the bucket if it is missing."""
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") != 404:
            raise
        s3.create_bucket(Bucket=bucket)


def problem(s3: S3Client, bucket: str) -> str | None:
    """Why the bucket cannot be used, or None."""
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        return f"bucket answered {error.response.get('Error', {}).get('Code', 'an error')}"
    except BotoCoreError as error:
        return f"bucket unreachable ({type(error).__name__})"
    return None


def _webp(picture: Image.Image, method: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=82, method=method)
    return out.getvalue()


def _key(data: bytes) -> str:
    digest = hashlib.sha256(data).hexdigest()
    return f"products/{digest[:2]}/{digest[2:34]}.webp"
