"""A bucket per environment, and a key that opens this bucket and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from greenroom.domain.errors import GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.s3.server import ADMIN_KEY
from greenroom.ports import Clock, Presence, Values

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client

REGION = "us-east-1"


class KeyStore(Protocol):
    """Where an environment's S3 key is kept."""

    def get(self, key: str) -> Secret | None:
        """The value, if it is there."""

    def put(self, key: str, value: Secret) -> None:
        """Keep it."""


class Bucket:
    """See :class:`greenroom.ports.Resource`. Works against any S3 with an IAM interface on the same address.

    ``is_private``: is nothing in the environment's bucket to be read without its key?
    """

    name = "bucket"

    def __init__(
        self,
        project: str,
        endpoint: str,
        admin: Callable[[], Secret],
        keys: Callable[[str], KeyStore],
        clock: Clock,
        is_private: Callable[[str], bool],
    ) -> None:
        self._is_private = is_private
        self._project = project
        self._endpoint = endpoint
        self._admin = admin
        self._keys = keys
        self._clock = clock

    def label(self, environment: str) -> str:
        """The bucket's name, and its user's."""
        return f"{self._project}-{environment}"

    def observe(self, environment: str) -> Presence:
        label = self.label(environment)
        there = label in self._buckets()
        return Presence(there, label)

    def ensure(self, environment: str) -> None:
        label = self.label(environment)
        s3 = self._patiently()
        if label not in self._buckets():
            s3.create_bucket(Bucket=label)
        if self._is_private(environment):
            _drop_policy(s3, label)
        else:
            s3.put_bucket_policy(Bucket=label, Policy=json.dumps(_public_policy(label)))
        if self._keys(environment).get("S3_ACCESS_KEY") is None:
            self._make_key(environment, label)

    def values(self, environment: str) -> Values:
        keys = self._keys(environment)
        access, secret = keys.get("S3_ACCESS_KEY"), keys.get("S3_SECRET_KEY")
        if access is None or secret is None:
            return {}
        return {
            "S3_ENDPOINT_URL": Secret(self._endpoint),
            "S3_BUCKET": Secret(self.label(environment)),
            "AWS_ACCESS_KEY_ID": access,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": Secret(REGION),
        }

    def unreachable(self, environment: str) -> Values:
        return {"S3_ENDPOINT_URL": Secret("http://127.0.0.1:1")}

    def remove(self, environment: str) -> None:
        label, s3, iam = self.label(environment), self._s3(), self._iam()
        if label in self._buckets():
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=label):
                for item in page.get("Contents", []):
                    s3.delete_object(Bucket=label, Key=item["Key"])
            s3.delete_bucket(Bucket=label)
        if label in self._users():
            for key in iam.list_access_keys(UserName=label)["AccessKeyMetadata"]:
                iam.delete_access_key(UserName=label, AccessKeyId=key["AccessKeyId"])
            iam.delete_user(UserName=label)

    def residue(self, environment: str) -> tuple[str, ...]:
        label = self.label(environment)
        bucket = [f"bucket {label}"] if label in self._buckets() else []
        user = [f"S3 user {label}"] if label in self._users() else []
        return (*bucket, *user)

    def _make_key(self, environment: str, label: str) -> None:
        iam = self._iam()
        if label not in self._users():
            iam.create_user(UserName=label)
        policy = json.dumps(_own_bucket_policy(label))
        iam.put_user_policy(UserName=label, PolicyName="own-bucket", PolicyDocument=policy)
        made = iam.create_access_key(UserName=label)["AccessKey"]
        keys = self._keys(environment)
        keys.put("S3_SECRET_KEY", Secret(made["SecretAccessKey"]))
        keys.put("S3_ACCESS_KEY", Secret(made["AccessKeyId"]))

    def _users(self) -> set[str]:
        return {u["UserName"] for u in self._iam().list_users().get("Users", [])}

    def _buckets(self) -> set[str]:
        return {b["Name"] for b in self._patiently().list_buckets().get("Buckets", [])}

    def _patiently(self) -> S3Client:
        """The port answers a little before the store does."""
        from botocore.exceptions import BotoCoreError, ClientError

        s3 = self._s3()
        until = self._clock.now() + 20.0
        while True:
            try:
                s3.list_buckets()
            except (BotoCoreError, ClientError) as error:
                if self._clock.now() >= until:
                    raise GreenroomError(
                        "s3", f"the object store does not answer: {error}", "greenroom logs s3"
                    ) from error
                self._clock.sleep(0.1)
            else:
                return s3

    def _s3(self) -> S3Client:
        return _client("s3", self._endpoint, self._admin())  # type: ignore[no-any-return]

    def _iam(self) -> IAMClient:
        return _client("iam", self._endpoint, self._admin())  # type: ignore[no-any-return]


def _drop_policy(s3: S3Client, bucket: str) -> None:
    """Without a policy only keys open the bucket."""
    from botocore.exceptions import ClientError

    try:
        s3.delete_bucket_policy(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucketPolicy":
            raise


def _client(service: str, endpoint: str, secret: Secret) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=endpoint,
        aws_access_key_id=ADMIN_KEY,
        aws_secret_access_key=secret.reveal(),
        region_name=REGION,
        config=Config(
            connect_timeout=2, read_timeout=10, retries={"max_attempts": 1}, s3={"addressing_style": "path"}
        ),
    )


def _public_policy(bucket: str) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/public/*"],
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _own_bucket_policy(bucket: str) -> dict[str, Any]:
    actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"]
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}],
    }
