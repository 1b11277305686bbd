"""The table of the object store; see :mod:`greenroom.config.schema`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from greenroom.config import values
from greenroom.config.fields import Label, Table, VariableName, key
from greenroom.domain.project import ObjectStore

_S3 = ObjectStore()


class StoreTable(Table):
    """The object store. Without an endpoint Greenroom runs one itself. The administrator's key never stands here."""

    endpoint: Annotated[str, AfterValidator(values.endpoint)] | None = key(
        None, "Address of another store, with http:// or https://.", "https://minio.example.org:9000"
    )
    cluster_endpoint: Annotated[str, AfterValidator(values.endpoint)] | None = key(
        None,
        "The same store as pods of a cluster reach it. Default: the endpoint.",
        "http://minio.storage.svc:9000",
    )
    region: str = key(_S3.region, "Its region.")
    issuer: Literal["iam", "minio", "given"] = key(
        str(_S3.issuer),
        "Who makes each environment's key: iam (AWS's interface), minio (MinIO's own; needs greenroom[minio]),"
        " or given: the key below for all of them, so that nothing keeps one out of another's bucket.",
    )
    iam_endpoint: Annotated[str, AfterValidator(values.endpoint)] | None = key(
        None, "Where IAM answers, if not at the endpoint.", "https://iam.amazonaws.com"
    )
    bucket_prefix: Label | None = key(
        None,
        "Begins the name of every bucket and user; one of its own for each project. Default: the name.",
        "shop",
    )
    key_variable: VariableName = key(
        _S3.key_variable, "The environment variable with the access key's id ..."
    )
    secret_variable: VariableName = key(_S3.secret_variable, "... and the one with its secret.")
