"""The world outside of a simulated executor: other nodes, what they send, and a record of it."""

from __future__ import annotations

import ctypes
import re
from typing import Any, Final

from taktora.errors import InvalidArgument
from taktora.inmemory import Fabric, InMemoryNode
from taktora.testing.journal import Journal
from taktora.testing.progress import Progress

__all__ = ["World"]

_NAME: Final = "outside"
_LABEL: Final = re.compile(r"(.+)/publisher-\d+")


class World:
    """Sends to the channels of one simulation from a node of its own. One thread."""

    def __init__(
        self, fabric: Fabric, domain: str | None, journal: Journal, progress: Progress
    ) -> None:
        self._fabric = fabric
        self._domain = domain
        self._journal = journal
        self._progress = progress
        self._node: InMemoryNode | None = None
        self._publishers: dict[str, tuple[Any, Any]] = {}
        fabric.on_send = self._sent

    @property
    def node(self) -> InMemoryNode:
        """A node like that of another process."""
        if self._node is None:
            self._node = InMemoryNode(_NAME, domain=self._domain, fabric=self._fabric)
        return self._node

    def publish(self, name: str, value: Any) -> Any:
        """Send a copy of ``value`` on a channel that is open; the ``NotifyOutcome``."""
        return self._publisher(name)[0].send_copy(value)

    def publish_bytes(self, name: str, data: bytes) -> Any:
        """Send a payload whose memory is ``data``.

        ``name`` is that of a channel, or the label of the publisher that sent it in another run: each
        gets a publisher of its own.

        Raises:
            InvalidArgument: it is not as long as the channel's payload.
        """
        publisher, kind = self._publisher(name)
        name = publisher.name
        if kind.size is None:
            return publisher.send_copy(data)
        if len(data) != kind.size:
            raise InvalidArgument(
                f"channel {name!r} carries payloads of {kind.size} bytes, not {len(data)}"
            )

        def fill(payload: Any) -> None:
            array = getattr(payload, "ctypes", None)  # numpy's way to an address
            address = ctypes.addressof(payload) if array is None else array.data
            ctypes.memmove(address, data, len(data))

        return publisher.loan_send(fill)

    def close(self) -> None:
        """Close its node."""
        self._publishers.clear()
        self._fabric.on_send = None
        if self._node is not None:
            self._node.close()

    def _publisher(self, name: str) -> tuple[Any, Any]:
        found = self._publishers.get(name)
        if found is None:
            known = self._fabric.names(self._domain)
            topic = known.find("channel", name)
            if topic is None and (label := _LABEL.fullmatch(name)) is not None:
                topic = known.find("channel", label[1])
                self._fabric.next_label(name)
            if topic is None:
                raise InvalidArgument(
                    f"no channel {name!r} is open in this simulation; executor.channel() opens one"
                )
            channel = self.node.channel(topic.name, topic.kind.payload_type)
            found = self._publishers[name] = channel.publisher(), channel.kind
        return found

    def _sent(self, kind: str, name: str, data: bytes) -> None:
        """Write down what items did not send: they will do it again by themselves."""
        progress = self._progress
        if progress.in_step:
            return
        if not progress.outside:  # planned with ``at``, or an answer's callback
            kind = "arrive" if kind == "publish" else kind
        self._journal.note(kind, name, data.hex())
