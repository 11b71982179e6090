"""The other process: it publishes on the channels of a simulation, and tells its items."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from hypothesis import strategies as st

from taktora.errors import ActorDeadError, InvalidArgument, MailboxFull, PortLimitReached
from taktora.testing.payload_strategies import payloads
from taktora.testing.simulated import SimulatedExecutor

__all__ = ["Feeding"]


class Feeding:
    """Publishes on the channels that come from outside, and on those that are named."""

    def __init__(self, sim: SimulatedExecutor, given: Mapping[str, st.SearchStrategy[Any]]) -> None:
        self._sim = sim
        names = sim.fabric.names(sim.domain)
        topics = {name: names.find("channel", name) for name in (*sim.waited_for, *given)}
        unknown = [name for name in given if topics[name] is None]
        if unknown:
            raise InvalidArgument(
                f"payloads are given for {unknown[0]!r}, but the topology has no such channel"
            )
        found: dict[str, st.SearchStrategy[Any]] = {}
        for name, topic in topics.items():
            if topic is None:  # a service
                continue
            if name in given:
                found[name] = given[name]
            elif not topic.senders:
                found[name] = payloads(topic.kind.payload_type)
        # Kept open, whoever is removed: when the last port is collected is nothing to depend on.
        self._kept = [sim.node.channel(name, topics[name].kind.payload_type) for name in found]
        self.channels = tuple(found)
        """Names of those that it publishes on."""
        self.samples: st.SearchStrategy[tuple[str, Any]] = st.one_of(
            [st.tuples(st.just(name), values) for name, values in found.items()]
        )

    def publish(self, channel: str, payload: Any) -> None:
        """Publish as another process would; with all its places taken there is none."""
        with suppress(PortLimitReached):
            self._sim.publish(channel, payload)

    def tell(self, item: str, message: Any) -> None:
        """Tell an item, if it is there and has room."""
        ref = self._sim.ref(item)
        if ref is None:
            return
        with suppress(MailboxFull, ActorDeadError):  # the sender is told what became of it
            ref.tell(message)
