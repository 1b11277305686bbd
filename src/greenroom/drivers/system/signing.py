"""Requests to an S3 that carry their own proof (AWS Signature Version 4)."""

from __future__ import annotations

from collections.abc import Mapping

REGION = "us-east-1"
SIGNED = ("Authorization", "X-Amz-Date", "X-Amz-Content-Sha256")
"""Headers of a signed request. The signature is over method, path and these, and holds for a quarter of an hour."""


def signed(method: str, s3: str, path: str, key: tuple[str, str]) -> Mapping[str, str]:
    """The headers that let one request without a body through. ``path`` is encoded, ``key`` is (access, secret)."""
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest(method, f"http://{s3}{path}")
    S3SigV4Auth(Credentials(*key), "s3", REGION).add_auth(request)
    return {name: str(request.headers[name]) for name in SIGNED}
