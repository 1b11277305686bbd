"""Who may do what with a bucket, in the language of AWS policies."""

from __future__ import annotations

import json

VERSION = "2012-10-17"

ACTIONS = ("GetObject", "PutObject", "DeleteObject", "ListBucket", "AbortMultipartUpload")
"""What an app does with its bucket. Not ListMultipartUploadParts: SeaweedFS 4.48 refuses a policy that names it."""


def public_read(bucket: str) -> str:
    """A bucket's policy: anybody may read what is below ``public/`` and ``static/``, and list nothing."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": ["*"]},
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/{prefix}/*" for prefix in ("public", "static")],
    }
    return json.dumps({"Version": VERSION, "Statement": [statement]})


def own_bucket(bucket: str) -> str:
    """A user's policy: objects of this bucket, and nothing else."""
    actions = [f"s3:{name}" for name in ACTIONS]
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return json.dumps({"Version": VERSION, "Statement": [statement]})
