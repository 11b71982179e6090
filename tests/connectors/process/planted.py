"""Connectors that say what happens to their links, and that fail when and where they are told to."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any, ClassVar, Literal

from attrs import frozen

from taktora.connectors import ChannelDescriptor, Connector, Direction, Session
from taktora.errors import InvalidDescriptor


@frozen
class Options:
    pipe: str = ""
    """Where to say what happens; a named pipe that somebody reads."""
    plugin: int = 0
    """Process in which everything is fine."""
    trouble: Literal[
        "", "link", "crash", "exit", "hang", "open", "send", "chatter", "stay", "block"
    ] = ""


class Link:
    def __init__(self, options: Options) -> None:
        self._options = options
        self._session: Session | None = None
        self._pipe = -1
        self._gone = False
        self.poll_period = 0
        if options.pipe and os.getpid() != options.plugin:
            self._pipe = os.open(options.pipe, os.O_WRONLY | os.O_NONBLOCK)
            self.poll_period = 10_000_000
            sys.modules["__main__"]._ENOUGH = 0.5  # of the gateway's process

    def say(self, *words: object) -> None:
        if self._pipe >= 0:
            os.write(self._pipe, " ".join(map(str, words)).encode() + b"\n")

    def open(self, session: Session) -> None:
        self.say("open", os.getpid())
        if self._options.trouble == "open":
            raise OSError("NIC refused")
        self._session = session
        session.up()

    def close(self) -> None:
        self.say("close")
        if self._options.trouble == "stay":
            threading.Event().wait()

    def add_channel(self, descriptor: ChannelDescriptor[Any], direction: Direction) -> None:
        if descriptor.name == "nowhere":
            raise InvalidDescriptor(f"channel {descriptor.name!r} leads nowhere")
        self.say("channel", descriptor.name, direction.value)

    def send(
        self,
        descriptor: ChannelDescriptor[Any],
        payload: memoryview,
        *,
        sequence: int,
        correlation_id: bytes | None,
    ) -> bool:
        self.say("send", descriptor.name, bytes(payload).decode())
        match self._options.trouble:
            case "send":
                os.abort()
            case "block":
                threading.Event().wait()
        assert self._session is not None
        self._session.received(descriptor.name, bytes(payload), correlation_id=correlation_id)
        return True

    def poll(self, now: int) -> None:
        if self._gone:
            self.say("safe")

    def plugin_gone(self, now: int) -> None:
        self._gone = True
        self.say("gone")

    def writers_changed(self, channel: str, present: bool) -> None:
        self.say("writers", channel, present)


class Planted(Connector):
    """With everything that a link may have."""

    Options: ClassVar[type[Any]] = Options

    def __init__(self, name: str, *, options: Options | None = None, **common: Any) -> None:
        super().__init__(name, **common)
        self.options = Options() if options is None else options

    def make_link(self) -> Link:
        if os.getpid() != self.options.plugin:
            match self.options.trouble:
                case "link":
                    raise ValueError("no such NIC: eth7")
                case "crash":
                    os.abort()
                case "exit":
                    print("a library that knows better", file=sys.stderr)
                    os._exit(7)
                case "hang":
                    threading.Event().wait()
                case "chatter":
                    for _ in range(5000):
                        print("a library that talks " + 100 * "x")
        return Link(self.options)


class ByDefault(Planted):
    """Whose gateways live in processes of their own unless told otherwise."""

    default_gateway = "own process"
