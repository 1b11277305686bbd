"""Where this machine gets packages from, for the one build step that installs them; it never becomes part of an image."""

from __future__ import annotations

import configparser
from collections.abc import Iterator, Mapping
from pathlib import Path

_KEYS: Mapping[str, tuple[str, ...]] = {
    "index-url": ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"),
    "extra-index-url": ("UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL"),
    "trusted-host": ("PIP_TRUSTED_HOST",),
    "timeout": ("PIP_DEFAULT_TIMEOUT", "PIP_TIMEOUT"),
}
"""pip's settings that a build needs, and the variables that say them, the first one wins."""

_AUTHORITIES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
INSIDE = "/run/secrets/ca.pem"


def secrets(environ: Mapping[str, str], folder: Path) -> dict[str, Path]:
    """Files for the build's secrets ``pip`` and ``ca``; pip's settings are written into ``folder``, private."""
    authorities = _authorities(environ)
    file = folder / "pip.conf"
    file.touch(mode=0o600)
    lines = [f"{key} = {value}" for key, value in _settings(environ).items()]
    if authorities:
        lines.append(f"cert = {INSIDE}")
    file.write_text("\n".join(["[global]", *lines, ""]), "utf-8")
    return {"pip": file, **({"ca": authorities} if authorities else {})}


def _settings(environ: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in _files(environ):
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(file, "utf-8")
        except (configparser.Error, UnicodeDecodeError, OSError):
            continue
        sections = [s for s in ("global", "install") if parser.has_section(s)]
        found |= {k: v for s in sections for k, v in parser.items(s) if k in _KEYS and v}
    said = {key: [environ[n] for n in names if environ.get(n)] for key, names in _KEYS.items()}
    return found | {key: values[0] for key, values in said.items() if values}


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    """pip's own files, the later ones win (https://pip.pypa.io/en/stable/topics/configuration/)."""
    home = Path(environ.get("HOME") or "/nonexistent")
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    yield from (Path("/etc/pip.conf"), home / ".pip" / "pip.conf", config / "pip" / "pip.conf")
    if environ.get("PIP_CONFIG_FILE"):
        yield Path(environ["PIP_CONFIG_FILE"])


def _authorities(environ: Mapping[str, str]) -> Path | None:
    files = (Path(environ[name]) for name in _AUTHORITIES if environ.get(name))
    return next((file for file in files if file.is_file()), None)
