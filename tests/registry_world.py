"""Images of all shapes for a real registry, what of them is in use, and an own count of what must be there afterwards."""

from __future__ import annotations

import hashlib
import json
import random
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from greenroom.drivers.oci.referrers import INDEX, described, digest_of
from greenroom.drivers.oci.registry import Registry
from greenroom.drivers.oci.store import CONFIG, LAYER, MANIFEST
from registries import RealRegistry

Json = dict[str, Any]
DAY = 86400.0
NOW = 2_000_000_000.0
PATHS = ("team/shop/app", "team/shop/static")


@dataclass
class Pushed:
    """A manifest as it was pushed: everything that it needs, by digest, with the kind of each."""

    digest: str
    media: str
    content: bytes
    blobs: tuple[str, ...] = ()
    children: tuple[Pushed, ...] = ()
    about: list[Pushed] = field(default_factory=list)

    def whole(self) -> tuple[set[str], set[str]]:
        """Digests of manifests and of blobs that are needed for it, documents about it too."""
        manifests, blobs = {self.digest}, set(self.blobs)
        for near in (*self.children, *self.about):
            more = near.whole()
            manifests |= more[0]
            blobs |= more[1]
        return manifests, blobs


@dataclass
class World:
    """One repository. ``since``: when each tag was first seen; ``used``: digests in use; ``lost``: manifests whose bytes are gone."""

    registry: RealRegistry
    path: str
    dice: random.Random
    tags: dict[str, Pushed] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    used: dict[str, Pushed] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    shared: list[bytes] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    @property
    def client(self) -> Registry:
        return self.registry.client(self.path)

    def blob(self, content: bytes) -> str:
        """Bring it there, unless that was done since the last collection."""
        if digest_of(content) in self.known:
            return digest_of(content)
        self.known.add(digest_of(content))
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            self.client.put_blob(digest_of(content), Path(file.name))
        return digest_of(content)

    def bytes(self) -> bytes:
        """A layer that several images have, or a new one."""
        if self.shared and self.dice.random() < 0.5:
            return self.dice.choice(self.shared)
        self.shared.append(self.dice.randbytes(self.dice.randint(200, 5000)))
        return self.shared[-1]

    def image(self, tag: str = "", subject: Pushed | None = None) -> Pushed:
        """One image, or a document about ``subject``, by tag or only by its digest."""
        config = json.dumps({"n": self.dice.getrandbits(64), "created": "1980-01-01T00:00:00Z"}).encode()
        layers = [self.bytes() for _ in range(self.dice.randint(1, 3))]
        for content in (config, *layers):
            self.blob(content)
        data: Json = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described(config, CONFIG)}
        data["layers"] = [described(content, LAYER) for content in layers]
        if subject is not None:
            data["subject"] = described(subject.content, subject.media)
        blobs = tuple(digest_of(content) for content in (config, *layers))
        return self.put(data, MANIFEST, tag, blobs, ())

    def index(self, tag: str, children: tuple[Pushed, ...]) -> Pushed:
        data: Json = {"schemaVersion": 2, "mediaType": INDEX}
        data["manifests"] = [described(child.content, child.media) for child in children]
        return self.put(data, INDEX, tag, (), children)

    def put(
        self, data: Json, media: str, tag: str, blobs: tuple[str, ...], children: tuple[Pushed, ...]
    ) -> Pushed:
        content = json.dumps(data, separators=(",", ":")).encode()
        made = Pushed(digest_of(content), media, content, blobs, children)
        self.client.put_manifest(tag or made.digest, content, media)
        if tag:
            self.tags[tag] = made
        return made

    def document(self, subject: Pushed) -> None:
        """A referrer, listed under the subject's tag as before OCI 1.1; or a signature as cosign writes it."""
        hex = subject.digest.replace(":", "-")
        if self.dice.random() < 0.3:
            before = self.tags.get(f"{hex}.sig")
            subject.about[:] = [one for one in subject.about if one is not before]  # its tag moves on
            subject.about.append(self.image(f"{hex}.sig"))
            return
        listed = self.tags[hex].children if hex in self.tags else ()
        made = self.image(subject=subject)
        index = self.index(hex, (*listed, made))
        subject.about[:] = [one for one in subject.about if one.media != INDEX] + [index]

    def retag(self, tag: str, to: Pushed) -> None:
        self.client.put_manifest(tag, to.content, to.media)
        self.tags[tag] = to

    def fill(self, most: int) -> None:
        """Up to so many tags, of all kinds, ages and shapes."""
        for number in range(self.dice.randint(most // 3, most * 2 // 3)):
            tag = self.name(number)
            known = list(self.tags.values())
            kind = self.dice.random()
            if known and kind < 0.2:
                self.retag(tag, self.dice.choice(known))
            elif kind < 0.4:
                children = tuple(self.image(self.child(tag, n)) for n in range(self.dice.randint(1, 3)))
                self.index(tag, children)
            else:
                self.image(tag)
            if self.dice.random() < 0.25:
                self.document(self.tags[tag])
        for tag in self.tags:
            self.since[tag] = NOW - self.dice.choice([0.5, 5, 40, 400, 400]) * DAY * self.dice.random()
        self.use()

    def name(self, number: int) -> str:
        release = hashlib.sha256(str(self.dice.random()).encode()).hexdigest()[:12]
        branch = self.dice.choice(["develop", "anna-afo-12"])
        built = [f"{branch}-{number}"] * 5
        return self.dice.choice([*built, release, f"keep-fb-12-{release}", f"v1.{number}", f"odd.{number}"])

    def child(self, tag: str, number: int) -> str:
        return f"arch{number}-{tag}" if self.dice.random() < 0.3 else ""

    def use(self) -> None:
        """Some are in use by digest alone: also what has lost its tag, and children of lists."""
        for made in list(self.tags.values()):
            for one in (made, *made.children):
                if self.dice.random() < 0.06:
                    self.used[one.digest] = one
        for _ in range(self.dice.randint(0, 2)):
            made = self.image()
            self.used[made.digest] = made
            if self.dice.random() < 0.5:
                self.document(made)

    def damage(self) -> None:
        """The bytes of some manifests go, none that is in use or needed by what is kept for sure."""
        needed = {digest for one in self.sure() for digest in one.whole()[0]}
        for tag in self.dice.sample(sorted(self.tags), min(2, len(self.tags))):
            digest = self.tags[tag].digest
            if digest not in needed and not tag.startswith("sha256-"):
                self.registry.lose(digest)
                self.lost.add(digest)

    def sure(self) -> list[Pushed]:
        """What must be whole afterwards, by this file's own word."""
        kept = [
            made
            for tag, made in self.tags.items()
            if tag.startswith(("keep-", "v1.")) or self.since.get(tag, NOW) > NOW - DAY
        ]
        return [*kept, *self.used.values()]

    def missing(self) -> set[str]:
        """What must be there and is not, byte for byte."""
        whole = [one.whole() for one in self.sure()]
        manifests = {digest for one in whole for digest in one[0]} - self.lost
        client = self.client
        gone = {d for d in manifests if (found := client.find(d)) is None or digest_of(found[0]) != d}
        for digest in {digest for one in whole for digest in one[1]}:
            try:
                with client.blob(digest) as body:
                    gone |= {digest} if digest_of(body.read()) != digest else set()
            except Exception:  # noqa: BLE001 - whatever the registry says, it is not there
                gone.add(digest)
        return gone


def reachable(registry: RealRegistry, paths: tuple[str, ...]) -> set[str]:
    """Every blob and manifest that any tag leads to, walked anew by bare requests."""
    found: set[str] = set()
    for path in paths:
        client = registry.client(path)
        waiting = list(client.tags())
        while waiting:
            got = client.find(waiting.pop())
            if got is None or digest_of(got[0]) in found:
                continue
            data = json.loads(got[0])
            found.add(digest_of(got[0]))
            found |= {
                part["digest"]
                for part in (*([data["config"]] if "config" in data else ()), *data.get("layers", ()))
            }
            waiting += [child["digest"] for child in data.get("manifests", ())]
    return found
