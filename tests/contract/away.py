"""A TCP proxy before a cluster's API server, which can be away."""

from __future__ import annotations

import re
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self


class Proxy:
    """Hands bytes on both ways. While it is ``away`` nothing listens, and what was open is cut."""

    def __init__(self, server: str) -> None:
        found = re.fullmatch(r"https://([^:/]+):(\d+)/?", server)
        assert found, server
        self._to = (found[1], int(found[2]))
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self.away = False
        self.kubeconfig = ""
        self.port = 0
        self.come_back()

    @classmethod
    @contextmanager
    def before(cls, kubeconfig: str) -> Iterator[Self]:
        """One before the server of this kubeconfig; ``kubeconfig`` of the proxy leads to it instead."""
        found = re.search(r'server"?:\s*"?(https?://[^\s"]+)', kubeconfig)
        assert found
        proxy = cls(found[1])
        proxy.kubeconfig = kubeconfig.replace(found[1], f"https://127.0.0.1:{proxy.port}")
        try:
            yield proxy
        finally:
            proxy.leave()

    def leave(self) -> None:
        """Be away: connections end, new ones are refused."""
        self.away = True
        listener, self._listener = self._listener, None
        for one in (listener, *self._open):
            if one is not None:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
        self._open.clear()

    def come_back(self) -> None:
        """Listen (again)."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self.port, self._listener = listener.getsockname()[1], listener
        self.away = False
        threading.Thread(target=self._serve, args=(listener,), daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
                server = socket.create_connection(self._to)
            except OSError:
                return
            self._open |= {client, server}
            threading.Thread(target=_pump, args=(client, server), daemon=True).start()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with selectors.DefaultSelector() as watched, suppress(OSError, ValueError, KeyError):
        watched.register(one, selectors.EVENT_READ, other)
        watched.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in watched.select():
                data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                if not data:
                    raise OSError
                key.data.sendall(data)
    for end in (one, other):
        with suppress(OSError):
            end.close()
