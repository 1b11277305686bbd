"""One repository of a registry as a whole: everything that its tags lead to, and how tags come and go."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from greenroom.domain.errors import GreenroomError
from greenroom.domain.registry.seen import Broken, Damage, Manifest, Repository
from greenroom.drivers.oci.referrers import EMPTY, NOTHING, described, digest_of
from greenroom.drivers.oci.registry import Refused, Registry
from greenroom.drivers.oci.store import MANIFEST

PARALLEL = 8
"""Questions at a time."""

DISCARDED_TYPE = "application/vnd.greenroom.discarded.v1+json"
DISCARDED = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": described(NOTHING, DISCARDED_TYPE),
        "layers": [described(NOTHING, EMPTY)],
    },
    separators=(",", ":"),
).encode()
"""Where a registry takes manifests away only by digest, with every tag: tags that go are pointed at this one first."""

PROBE = "greenroom-discarded"
"""A tag that only tells whether anything can be deleted at all."""


class OciShelf:
    """See :class:`greenroom.ports.registry.Shelf`."""

    def __init__(self, registry: Registry, name: str) -> None:
        self._registry, self._name = registry, name
        self._direct: bool | None = None
        self._lists = True

    @property
    def name(self) -> str:
        return self._name

    def look(self, also: Collection[str] = ()) -> Repository:
        tags: dict[str, str] = {}
        manifests: dict[str, Manifest] = {}
        broken: dict[str, Broken] = {}
        names = self._registry.tags()
        with ThreadPoolExecutor(PARALLEL) as pool:
            for tag, found in zip(names, pool.map(self.read, names), strict=True):
                tags[tag] = _sort(tag, found, manifests, broken)
            self._follow(pool, also, manifests, broken)
        return Repository(self._name, tags, manifests, broken)

    def _follow(
        self,
        pool: ThreadPoolExecutor,
        also: Collection[str],
        manifests: dict[str, Manifest],
        broken: dict[str, Broken],
    ) -> None:
        """Read what those lead to, and what is about it, until there is nothing new."""
        asked: set[str] = set()
        while fresh := [d for d in manifests if d not in asked]:
            asked.update(fresh)
            near = [one for d in fresh for one in (*manifests[d].children, manifests[d].subject) if one]
            near += [one for found in pool.map(self._about, fresh) for one in found]
            self._add(pool, near, manifests, broken)
        absent: dict[str, Broken] = {}
        self._add(pool, also, manifests, absent)
        # What is gone may lie in another repository; what could not be read may be needed here.
        broken |= {digest: one for digest, one in absent.items() if one.damage is Damage.UNREAD}
        if any(d not in asked for d in manifests):
            self._follow(pool, (), manifests, broken)

    def _add(
        self,
        pool: ThreadPoolExecutor,
        digests: Iterable[str],
        manifests: dict[str, Manifest],
        broken: dict[str, Broken],
    ) -> None:
        missing = [d for d in dict.fromkeys(digests) if d not in manifests and d not in broken]
        for digest, found in zip(missing, pool.map(self.read, missing), strict=True):
            _sort(digest, found, manifests, broken)

    def _about(self, digest: str) -> tuple[str, ...]:
        if not self._lists:
            return ()
        found = self._registry.referrers(digest)
        self._lists = found is not None
        return found or ()

    def tags(self) -> tuple[str, ...]:
        return self._registry.tags()

    def digest_of(self, tag: str) -> str:
        return self._registry.digest_of(tag)

    def read(self, wanted: str) -> Manifest | Broken:
        try:
            found = self._registry.find(wanted)
        except Refused as error:
            if error.status < 500:
                raise
            return Broken(Damage.UNREAD, f"the registry answered {error.status}")
        if found is None:
            return Broken(Damage.GONE, "the registry has no manifest for it")
        content, _, told = found
        digest = digest_of(content)
        expected = wanted if wanted.startswith("sha256:") else told
        if expected and expected != digest:
            return Broken(Damage.UNREAD, f"the registry calls it {expected}, and it is {digest}")
        try:
            return _manifest(digest, content)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return Broken(Damage.UNREAD, f"it is no manifest: {error!r}")

    def tag(self, digest: str, tag: str) -> None:
        found = self._registry.find(digest)
        if found is None:
            raise GreenroomError(
                "image-gone", f"{self._name} has no image {digest} any more", "greenroom image push RELEASE"
            )
        self._registry.put_manifest(tag, found[0], found[1])

    def untag(self, tag: str) -> None:
        if self._direct is not False:
            status = self._registry.delete(tag)
            if status in (202, 404):
                self._direct = True if status == 202 else self._direct
                return
            self._prepare()
            self._direct = False
        self._registry.put_manifest(tag, DISCARDED)

    def finish(self) -> None:
        if self._direct is False:
            self._registry.delete(digest_of(DISCARDED))

    def _prepare(self) -> None:
        """The registry takes away no single tag: see whether it takes away manifests, with one that nobody needs."""
        with tempfile.NamedTemporaryFile(prefix="greenroom-empty-") as nothing:
            nothing.write(NOTHING)
            nothing.flush()
            self._registry.put_blob(digest_of(NOTHING), Path(nothing.name))
        self._registry.put_manifest(PROBE, DISCARDED)
        if self._registry.delete(digest_of(DISCARDED)) in (400, 405):
            raise GreenroomError(
                "registry-delete-disabled",
                "the registry lets nobody delete: nothing was removed",
                "in its configuration: storage: delete: enabled: true (REGISTRY_STORAGE_DELETE_ENABLED=true)",
            )


def _sort(
    name: str, found: Manifest | Broken, manifests: dict[str, Manifest], broken: dict[str, Broken]
) -> str:
    """Put what was read where it belongs; its digest, empty where it cannot be had."""
    if isinstance(found, Broken):
        broken[name] = found
        return ""
    manifests[found.digest] = found
    return found.digest


def _manifest(digest: str, content: bytes) -> Manifest:
    """Raises KeyError, TypeError, ValueError or AttributeError for what is none."""
    data: dict[str, Any] = json.loads(content)
    parts = [*([data["config"]] if "config" in data else []), *(data.get("layers") or ())]
    parts += data.get("blobs") or ()
    return Manifest(
        digest,
        len(content),
        tuple((str(part["digest"]), int(part["size"])) for part in parts),
        tuple(str(child["digest"]) for child in data.get("manifests") or ()),
        str((data.get("subject") or {}).get("digest", "")),
        content == DISCARDED,
    )
