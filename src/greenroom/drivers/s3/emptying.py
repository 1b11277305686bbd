"""Empty a bucket: objects, older versions, delete markers, unfinished uploads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from greenroom.domain.errors import GreenroomError
from greenroom.drivers.s3.store import unless

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


BATCH = 200
"""Objects in one request; a thousand are allowed, but a store on a busy disk does not answer those in time."""


def empty(s3: S3Client, bucket: str) -> None:
    """Remove all of it, batch by batch. Raises naming the first object that stays."""
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            with unless("NoSuchUpload"):
                s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    for batch in _batches(s3, bucket):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        for refused in answer.get("Errors", []):
            raise GreenroomError(
                "s3",
                f"{refused.get('Key')} in bucket {bucket} stays: {refused.get('Message')}",
                "the same again",
            )


def _batches(s3: S3Client, bucket: str) -> Iterator[list[Any]]:
    """Objects first, as every store lists them; then what versioning has kept of them."""
    pages: Any = {"PageSize": BATCH}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig=pages):
        if batch := [{"Key": item["Key"]} for item in page.get("Contents", [])]:
            yield batch
    for versions in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig=pages):
        listed: list[Any] = [*versions.get("Versions", []), *versions.get("DeleteMarkers", [])]
        if listed:
            yield [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in listed]
