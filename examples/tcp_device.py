"""A device that speaks lines over TCP, for tcp_connector.py: it listens on a thread of its own."""

import json
import socket
import threading
from contextlib import suppress
from typing import Any


class Device:
    """Answers each line with the same line, if it echoes; otherwise keeps it in `lines`."""

    def __init__(self, *, echo: bool = False) -> None:
        self.echo = echo
        self.port = 0
        self.lines: list[bytes] = []
        self._waiting: list[bytes] = []  # nobody was connected
        self._peer: socket.socket | None = None
        self._lock = threading.Lock()
        self.mend()

    def send(self, word: str, value: Any) -> None:
        """Say `word` and `value`, as JSON."""
        self.say(f"{word} {json.dumps(value)}\n".encode())

    def received(self, word: str) -> list[Any]:
        """The values of all lines so far that begin with `word`."""
        lines = [line.partition(b" ") for line in list(self.lines)]
        return [json.loads(value) for said, _, value in lines if said == word.encode()]

    def cut(self) -> None:
        """Hang up, and do not listen any more."""
        with self._lock:
            self._waiting.clear()
            for sock in (self._listener, self._peer):
                if sock is not None:
                    with suppress(OSError):
                        sock.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._peer = None

    def mend(self) -> None:
        """Listen, on the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    close = cut

    def say(self, line: bytes) -> None:
        with self._lock:
            if self._peer is None:
                self._waiting.append(line)
            else:
                self._peer.sendall(line)

    def _serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                peer, _ = listener.accept()
                with self._lock:
                    if listener.fileno() < 0:  # cut meanwhile
                        peer.close()
                        return
                    self._peer = peer
                    peer.sendall(b"".join(self._waiting))
                    self._waiting.clear()
                with peer, peer.makefile("rb") as lines:
                    for line in lines:
                        self.lines.append(line)
                        if self.echo:
                            self.say(line)
