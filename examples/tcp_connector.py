"""A connector of one's own: lines of text over TCP, such as `speed 1200`, in both directions.

A Link is all that is to be written. The rest, trying again, health, queues, numbers, is taktora's.
"""

import socket
import threading
from contextlib import suppress
from typing import Any, ClassVar

from attrs import field, frozen, validators

from taktora.connectors import ChannelDescriptor, Connector, Direction, Session


@frozen
class Word:
    """Routing: the word that lines of this channel begin with."""

    word: str = field(validator=validators.matches_re(r"\w+"))
    is_routing: ClassVar[bool] = True


@frozen
class TcpOptions:
    port: int
    host: str = "localhost"


class TcpLink:
    """One connection. The gateway calls it; the thread that reads only talks to the session."""

    poll_period = 10_000_000  # ns: how often poll() is called

    def __init__(self, options: TcpOptions) -> None:
        self.address = options.host, options.port
        self.inward: dict[bytes, str] = {}  # word: channel
        self.session: Session | None = None
        self.socket: socket.socket | None = None
        self.rest = b""  # of a line that did not go as a whole

    def open(self, session: Session) -> None:
        self.session, self.socket, self.rest = session, socket.socket(), b""
        reading = threading.Thread(target=self.read, args=(session, self.socket), daemon=True)
        reading.start()

    def read(self, session: Session, sock: socket.socket) -> None:
        try:
            with sock, sock.makefile("rb") as lines:
                sock.settimeout(5)
                sock.connect(self.address)
                sock.settimeout(None)
                session.up()
                for line in lines:
                    word, _, payload = line.rstrip(b"\n").partition(b" ")
                    if word in self.inward and not session.over:
                        session.received(self.inward[word], payload)
            session.down("the other side has hung up")
        except OSError as error:
            session.down(str(error))

    def close(self) -> None:
        if self.socket is not None:
            with suppress(OSError):  # it was not connected
                self.socket.shutdown(socket.SHUT_RDWR)  # the thread wakes up, and closes it
        self.session = self.socket = None

    def add_channel(self, descriptor: ChannelDescriptor[Any], direction: Direction) -> None:
        if direction is Direction.IN:
            self.inward[descriptor.routing.word.encode()] = descriptor.name

    def send(
        self,
        descriptor: ChannelDescriptor[Any],
        payload: memoryview,
        *,
        sequence: int,
        correlation_id: bytes | None,
    ) -> bool:
        self.flush()
        if self.rest:
            return False  # stays in the channel until session.room()
        self.rest = b"%s %s\n" % (descriptor.routing.word.encode(), payload)
        self.flush()
        return True

    def flush(self) -> None:
        """Send what goes without waiting."""
        if self.rest and self.socket is not None:
            with suppress(BlockingIOError):
                self.rest = self.rest[self.socket.send(self.rest, socket.MSG_DONTWAIT) :]

    def poll(self, now: int) -> None:
        """Every 10 ms: is there room again?"""
        if self.rest and self.session is not None:
            with suppress(OSError):  # the thread that reads has noticed, too
                self.flush()
            if not self.rest:
                self.session.room()


class TcpConnector(Connector):
    Options = TcpOptions
    Routing = Word

    def __init__(self, name: str, *, options: TcpOptions, **common: Any) -> None:
        super().__init__(name, **common)
        self.options = options

    def make_link(self) -> TcpLink:
        return TcpLink(self.options)
