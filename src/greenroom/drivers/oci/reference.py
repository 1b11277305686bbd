"""Names of images in a registry."""

from __future__ import annotations

from dataclasses import dataclass

HUB = "docker.io"
HUB_HOST = "registry-1.docker.io"


@dataclass(frozen=True, slots=True)
class Reference:
    """``registry/path:tag`` or ``registry/path@digest``."""

    registry: str
    path: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Reference:
        """From text; a first part that is no host means Docker's own registry, no tag means ``latest``."""
        name, _, digest = text.partition("@")
        first, slash, rest = name.partition("/")
        if not slash or not ("." in first or ":" in first or first == "localhost"):
            first, rest = HUB, name if slash else f"library/{name}"
        folder, slash, last = rest.rpartition("/")
        last, _, tag = last.partition(":")
        return cls(first, f"{folder}{slash}{last}", tag or ("" if digest else "latest"), digest)

    @property
    def host(self) -> str:
        """Who answers for it."""
        return HUB_HOST if self.registry == HUB else self.registry

    @property
    def wanted(self) -> str:
        """What is asked for: the digest, else the tag."""
        return self.digest or self.tag

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.registry}/{self.path}{tag}{f'@{self.digest}' if self.digest else ''}"
