"""Addresses that carry the right to one request: for those who have no key, or no library that knows how to sign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from greenroom.domain.secret import Secret
from greenroom.drivers.s3.store import REGION

SECONDS = 900

Verb = Literal["put_object", "delete_object"]
VERBS: Mapping[str, Verb] = {"PUT": "put_object", "DELETE": "delete_object"}


def signed(app: Mapping[str, Secret], method: str, keys: Sequence[str]) -> list[str]:
    """For each object of the app's bucket, the address at which ``method`` is allowed for :data:`SECONDS`; nobody is asked.

    ``app``: the variables that the app is given (``S3_ENDPOINT_URL``, ``S3_BUCKET`` and the key).
    """
    import boto3
    from botocore.config import Config

    said = {name: value.reveal() for name, value in app.items()}
    client = boto3.client(
        "s3",
        endpoint_url=said["S3_ENDPOINT_URL"],
        region_name=said.get("AWS_REGION", REGION),
        aws_access_key_id=said["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=said["AWS_SECRET_ACCESS_KEY"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    try:
        return [
            client.generate_presigned_url(
                VERBS[method], Params={"Bucket": said["S3_BUCKET"], "Key": key}, ExpiresIn=SECONDS
            )
            for key in keys
        ]
    finally:
        client.close()
