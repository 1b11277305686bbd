"""Requests to an S3 that carry their own proof (AWS Signature Version 4)."""

from __future__ import annotations

from collections.abc import Mapping

SIGNED = ("Authorization", "X-Amz-Date", "X-Amz-Content-Sha256")
"""Headers of a signed request. The signature is over method, path and these, and holds for a quarter of an hour."""


def signed(method: str, s3: str, path: str, key: tuple[str, str], region: str) -> Mapping[str, str]:
    """The headers that let one request without a body through.

    ``s3`` is the store's URL, ``path`` encoded, ``key`` (access, secret).
    """
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest(method, f"{s3}{path}")
    S3SigV4Auth(Credentials(*key), "s3", region).add_auth(request)
    return {name: str(request.headers[name]) for name in SIGNED}
