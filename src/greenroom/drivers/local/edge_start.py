"""How the edge comes up: certificates first, then its ears.

Caddy loads the certificates of its storage in the background (certmagic's ``ManageAsync``) while it listens already: TLS
handshakes in between fail. So it is started with a server for the keeper's eyes only, which is asked for every name until
it shows a certificate; then it is given the whole configuration through its administration socket. Its certificates stay in
memory meanwhile, and the whole configuration shuts that socket.
"""

from __future__ import annotations

import json
import select
import socket
import ssl
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from greenroom.drivers.system.saying import say

Json = dict[str, Any]

LOOK_SECONDS = 0.005
"""How often the keeper looks whether the edge can be talked to."""

MOST_SECONDS = 60.0
"""An edge that has not taken its configuration by then is started anew."""

CERTIFICATES_SECONDS = 10.0
"""So long every name's certificate is waited for; then the edge serves those that it has."""


def without_ears(config: Json, door: Path) -> Json:
    """The configuration that an edge starts with: no server that others reach, open to its owner at ``door``."""
    look = {
        "listen": [f"unix/{_eyes(door)}|0600"],
        "protocols": ["h1"],
        "automatic_https": {"disable": True},
        "tls_connection_policies": [{}],
    }
    apps = {**config["apps"], "http": {"grace_period": "1s", "servers": {"eyes": look}}}
    return {**config, "admin": {"listen": f"unix/{door}|0600", "config": {"persist": False}}, "apps": apps}


def _eyes(door: Path) -> Path:
    return door.with_suffix(".tls")


class EdgeStart:
    """Gives an edge that was started without ears the rest. ``door``: its socket; ``config``: the file to give."""

    def __init__(self, door: Path, config: Path) -> None:
        self._door = door
        self._config = config

    def prepare(self) -> None:
        """Before a start: the sockets of one that was killed are not the next one's."""
        for path in (self._door, _eyes(self._door)):
            with suppress(OSError):
                path.unlink()

    def plainly(self, command: list[str]) -> list[str]:
        """The command that starts it with the whole configuration at once, needing no room for a socket on the disk."""
        return [*command[:-1], str(self._config)]

    def give(self, pidfd: int) -> bool:
        """Wait for the edge, give it the configuration: has it got it? ``pidfd``: its process."""
        until = time.monotonic() + MOST_SECONDS
        try:
            body = self._config.read_bytes()
            names = json.loads(body)["apps"].get("tls", {}).get("certificates", {}).get("automate", [])
        except (OSError, ValueError) as error:
            say(f"the edge's configuration cannot be read: {error}")
            return False
        while time.monotonic() < until:
            # Whatever goes wrong here may not end the keeper: the public sockets are its own.
            with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(self._door))
                self._certificates(names, pidfd)
                return self._given(connection, body, pidfd)
            if _ended(pidfd, LOOK_SECONDS):
                return False
        say("the edge cannot be talked to")
        return False

    def _certificates(self, names: list[str], pidfd: int) -> None:
        """Until each name has one."""
        blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
        until = time.monotonic() + CERTIFICATES_SECONDS
        for name in names:
            while not self._shows(name.replace("*", "any"), blind):
                if time.monotonic() >= until:
                    say(f"the edge has no certificate for {name}")
                    break
                if _ended(pidfd, LOOK_SECONDS):
                    return

    def _shows(self, name: str, context: ssl.SSLContext) -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as plain:
            plain.settimeout(CERTIFICATES_SECONDS)
            plain.connect(str(_eyes(self._door)))
            context.wrap_socket(plain, server_hostname=name).close()
            return True
        return False

    def _given(self, connection: socket.socket, body: bytes, pidfd: int) -> bool:
        """Caddy answers once the configuration runs."""
        head = f"POST /load HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        connection.sendall(f"{head}\r\nConnection: close\r\n\r\n".encode() + body)
        both: list[Any] = [connection, pidfd]
        if pidfd in select.select(both, [], [], MOST_SECONDS)[0]:
            return False
        connection.settimeout(LOOK_SECONDS)
        answer = b""
        with suppress(OSError):
            answer = connection.recv(4096)
        if answer.startswith(b"HTTP/1.1 200 "):
            return True
        say(f"the edge does not take its configuration: {answer.decode(errors='replace')}")
        return False


def _ended(pidfd: int, seconds: float) -> bool:
    return bool(select.select([pidfd], [], [], seconds)[0])
