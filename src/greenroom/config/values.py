"""The values that a key may take: durations, sizes, commands, names, paths.

Each function takes what TOML gave and returns the domain's value, or raises ValueError with a phrase that
completes the sentence ``"key" ...``.
"""

from __future__ import annotations

import ipaddress
import math
import re
import shlex
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from greenroom.domain import promotion
from greenroom.domain.refs import RefPattern, template_parts

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
"""Units of a duration, in seconds."""

BYTES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
"""Units of a size, in bytes."""

LONGEST = 30 * 86400.0
"""The longest duration that makes sense for a release, in seconds."""

LONGEST_LIFE = 1095 * 86400.0
"""The longest duration that makes sense for an environment, in seconds."""

LABEL = re.compile(r"[a-z]([a-z0-9-]{0,28}[a-z0-9])?")
HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
ENDPOINT = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?")
SERVER_URL = re.compile(ENDPOINT.pattern + r"(/[A-Za-z0-9._~-]+)*")
WSGI = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\([^\n]*\))?")
URL_FOLDER = re.compile(r"/([A-Za-z0-9._~-]+/)+")
PAGE = re.compile(r"/[!-\"$-~]*")
IMAGE_REPOSITORY = re.compile(
    r"(?=[^/]*[.:]|localhost/)[a-zA-Z0-9.-]+(:[0-9]{1,5})?(/[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*)+"
)
IMAGE_REFERENCE = re.compile(
    rf"{IMAGE_REPOSITORY.pattern}(:[A-Za-z0-9_][A-Za-z0-9._-]{{0,127}})?(@sha256:[0-9a-f]{{64}})?"
)
EMAIL = re.compile(r"[^@\s]{0,64}@[^@\s]{1,253}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DURATION_PART = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)")
_SIZE = re.compile(r"(\d{1,12})\s?([A-Za-z]{0,3})")
_PART = re.compile(r"\{[a-z]+\}")
_HOST_TEMPLATE = 'must be a host name such as "{name}.shop.example.org", without scheme and port'
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def duration(value: object) -> float:
    """Seconds of ``"15s"``, ``"1m30s"``, ``"10m"`` or a plain number."""
    seconds = _seconds(value)
    if not math.isfinite(seconds) or not 0 <= seconds <= LONGEST:
        raise ValueError("must be between 0 and 30 days")
    return seconds


def long_duration(value: object) -> float:
    """The same for what lives: from a minute to three years."""
    seconds = _seconds(value)
    if not math.isfinite(seconds) or not 60 <= seconds <= LONGEST_LIFE:
        raise ValueError("must be between 1 minute and 1095 days")
    return seconds


def _seconds(value: object) -> float:
    wrong = ValueError('must be a duration such as "15s", "10m" or a number of seconds')
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if abs(value) < 10**15 else math.inf
    if not isinstance(value, str) or len(value) > 60:
        raise wrong
    text = value.replace(" ", "")
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(n + unit for n, unit in parts) != text:
        raise wrong
    return sum(float(n) * SECONDS[unit] for n, unit in parts)


def size(value: object) -> int:
    """Bytes of ``"20MB"``, ``"20MiB"`` or a plain whole number, at least 1 and below 1 TB."""
    if isinstance(value, int) and not isinstance(value, bool):
        found = value
    else:
        match = _SIZE.fullmatch(value) if isinstance(value, str) else None
        if match is None or match[2].lower() not in BYTES:
            raise ValueError('must be a size such as "20MB" or a number of bytes')
        found = int(match[1]) * BYTES[match[2].lower()]
    if not 1 <= found < 10**12:
        raise ValueError("must be at least 1 byte and below 1 TB")
    return found


def command(value: object) -> tuple[str, ...]:
    """An argument vector from a line (split as a shell would, without running one) or a list of texts."""
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        words = [str(part) for part in value]
    elif isinstance(value, str):
        try:
            words = shlex.split(value)
        except ValueError as error:
            raise ValueError(f"cannot be split into words ({error})") from None
    else:
        raise ValueError("must be a command line or a list of its words")
    if not words or not words[0].strip() or any("\0" in word for word in words):
        raise ValueError("must name a program")
    return tuple(words)


def text(value: str) -> str:
    """One line of text without control characters."""
    if _CONTROL.search(value):
        raise ValueError("must be one line without control characters")
    return value


def variable(value: object) -> str:
    """An environment variable's value: text, or a whole number."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return str(value)
    if isinstance(value, str) and "\0" not in value:
        return value
    raise ValueError("must be text or a whole number, without NUL characters")


def variable_name(value: str) -> str:
    """The name of an environment variable."""
    return _match(VARIABLE, value, "must be a variable's name: letters, digits and _, not a digit first")


def setting(text: str) -> tuple[str, str | None]:
    """``KEY=VALUE``, or ``KEY=`` for a setting that is taken back. Raises ValueError with a whole sentence."""
    name, equals, value = text.partition("=")
    if not equals or VARIABLE.fullmatch(name) is None or "\0" in value:
        raise ValueError(f"{text} is not KEY=VALUE")
    return name, value or None


def label(value: str) -> str:
    """A name that can be a part of host names, databases and folders: a DNS label of at most 30 characters."""
    return _match(LABEL, value, "must be 1 to 30 of a-z, 0-9 and -, a letter first and no - last")


def host(value: str) -> str:
    """A host name without scheme, port or path."""
    return _match(HOST, value, 'must be a host name such as "shop.example.org", without scheme and port')


def name_template(value: str) -> str:
    """An environment's name, or a template of names: a label with ``{word}`` for parts of the branch's name."""
    otherwise = "must be a label such as staging, or one with parts such as fb-{issue}"
    if len(template_parts(value)) > 4 or value.startswith("{"):
        raise ValueError(otherwise)
    _match(LABEL, _PART.sub("x", value), otherwise)
    return value


def ref_pattern(value: str) -> str:
    """A branch's name, with ``*`` and ``{word}`` for what varies."""
    if mistake := RefPattern(value).mistake():
        raise ValueError(mistake)
    return value


def host_template(value: str) -> str:
    """A host name; ``{name}`` may be its first label."""
    _match(HOST, value.replace("{name}", "x", 1) if value.startswith("{name}.") else value, _HOST_TEMPLATE)
    return value


def quiet(value: str) -> str:
    """A stretch of the week."""
    promotion.quiet(value)
    return value


def freeze(value: str) -> str:
    """Days, from and to."""
    promotion.freeze(value)
    return value


def timezone(value: str) -> str:
    """A time zone of the IANA database."""
    try:
        ZoneInfo(value)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ValueError('must be a time zone such as "Europe/Berlin"') from None
    return value


def wsgi(value: str) -> str:
    """``module:callable``, where the callable may be called: ``shop:create_app()``."""
    return _match(WSGI, value, 'must be module:callable, such as "wsgi:app" or "shop:create_app()"')


def url_folder(value: str) -> str:
    """A URL path that begins and ends with a slash."""
    return _match(URL_FOLDER, value, 'must be a path such as "/static/", with a slash at both ends')


def page(value: str) -> str:
    """A path of the app, with an optional query, as it would stand in a request line."""
    return _match(PAGE, value, "must be a path that begins with / and has no blanks")


def inside(value: str) -> str:
    """A relative path that stays inside the project's folder."""
    parts = text(value).split("/")
    if not value or value.startswith(("/", "~")) or ".." in parts or "\\" in value:
        raise ValueError("must be a relative path inside the project's folder")
    return "/".join(part for part in parts if part not in ("", ".")) or "."


def absolute(value: str) -> str:
    """An absolute path without blanks, so that it may stand in any shell."""
    if not re.fullmatch(r"(/[\w.@+-]+)+", value) or ".." in value.split("/"):
        raise ValueError('must be an absolute path such as "/srv/shop"')
    return value


def shell_line(value: str) -> str:
    """One line of text."""
    if _CONTROL.search(value):
        raise ValueError("must be one line")
    return value.strip()


def endpoint(value: str) -> str:
    """An address with its scheme and nothing behind the host and port."""
    return _match(
        ENDPOINT, value, 'must be an address such as "https://s3.example.org" or "http://127.0.0.1:9000"'
    )


def server_url(value: str) -> str:
    """An address with its scheme; something may stand behind the host and port, but no query."""
    return _match(SERVER_URL, value.rstrip("/"), 'must be a URL such as "https://gitlab.example.org"')


def address(value: str) -> str:
    """An IP address to listen on."""
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise ValueError('must be an IP address such as "127.0.0.1" or "0.0.0.0"') from None


def image_repository(value: str) -> str:
    """Where images are pushed to: a registry's host and a path, without tag and digest."""
    wrong = 'must be a registry and a path such as "registry.example.org/company/shop", without tag'
    return _match(IMAGE_REPOSITORY, value, wrong)


def image_reference(value: str) -> str:
    """An image's name with its registry, and a tag or a digest."""
    wrong = 'must name registry, path and tag such as "docker.io/library/python:3.11-slim-bookworm"'
    return _match(IMAGE_REFERENCE, value, wrong)


def issuer(value: str) -> str:
    """The URL of a provider: https, or http on this machine, exactly as the provider calls itself."""
    parts = urlsplit(value)
    there = bool(parts.hostname) and not (parts.query or parts.fragment or parts.username)
    local = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1"}
    if not there or not (parts.scheme == "https" or local):
        raise ValueError('must be an https URL such as "https://gitlab.example.org"')
    return text(value)


def network(value: str) -> str:
    """An IP address or network."""
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise ValueError('must be an address or a network such as "192.0.2.0/24"') from None
    return value


def email(value: str) -> str:
    """An address, or a domain with its ``@``."""
    return _match(
        EMAIL, value, 'must be an address such as "ada@example.org", or "@example.org" for a domain'
    )


def _match(pattern: re.Pattern[str], value: str, otherwise: str) -> str:
    if pattern.fullmatch(value) is None:
        raise ValueError(otherwise)
    return value
