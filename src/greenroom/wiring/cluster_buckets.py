"""The bucket of an environment on a cluster, where the project names a store that this machine reaches too."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from greenroom.domain.databases import OWN
from greenroom.domain.environment import Access
from greenroom.domain.secret import Secret
from greenroom.drivers.kubernetes.chosen import Absent, Chosen
from greenroom.drivers.kubernetes.secrets import own_secrets
from greenroom.ports import Resource

if TYPE_CHECKING:
    from greenroom.drivers.kubernetes.store import Store
    from greenroom.drivers.s3.bucket import Bucket
    from greenroom.wiring.project import Wiring

OF_THE_STORE = "S3_ACCESS_KEY"
"""In the own secrets of an environment that has a bucket."""


def buckets_of(wiring: Wiring, store: Store) -> tuple[Resource, ...]:
    """The environment's bucket; nothing where no store is named, its administrator's key is not given, or another bucket was.

    One that had its own before loses it at its end. Of the others nothing is looked at: the driver takes a bucket without
    tags for the project's own, and somebody may have made one by hand.
    """
    wanted = wiring.project.s3
    if wanted.endpoint is None:
        return ()
    keys, own = _keys(wiring), wiring.keeping.has_own_bucket()
    made = own_secrets(store, wiring.environment).get(OF_THE_STORE) is not None
    if not made and not (own and len(keys) == 2):
        return ()
    nowhere = {"S3_ENDPOINT_URL": Secret("http://127.0.0.1:1")}
    kinds: dict[bool, Resource] = {True: _bucket(wiring, store, keys), False: Absent("bucket", nowhere)}
    return (Chosen("bucket", kinds, lambda: own),)


def _keys(wiring: Wiring) -> dict[str, str]:
    """The administrator's key: from the command's environment, or given as secrets of Greenroom's own."""
    wanted = wiring.project.s3
    names = (wanted.key_variable, wanted.secret_variable)
    found = {name: os.environ.get(name) or _given(wiring, name) for name in names}
    return {name: value for name, value in found.items() if value}


def _given(wiring: Wiring, name: str) -> str:
    value = wiring.keeping.own(name) if name.startswith(OWN) else None
    return value.reveal() if value is not None else ""


def _bucket(wiring: Wiring, store: Store, keys: dict[str, str]) -> Bucket:
    from greenroom.drivers.s3.bucket import Bucket
    from greenroom.drivers.s3.issuers import issuer_of
    from greenroom.drivers.s3.store import Store as ObjectStore
    from greenroom.drivers.s3.store import key_from

    wanted = wiring.project.s3
    admin = partial(key_from, keys, wanted.key_variable, wanted.secret_variable)
    where = ObjectStore(
        wanted.endpoint or "",
        admin,
        wiring.clock,
        wanted.region,
        wanted.iam_endpoint,
        wiring.say,
        wanted.cluster_endpoint,
    )
    issuer, public = issuer_of(wanted.issuer, where), wiring.place.access is Access.PUBLIC
    boxes = partial(own_secrets, store)
    return Bucket(wiring.project.name, where, issuer, boxes, lambda _: public, wanted.bucket_prefix)
