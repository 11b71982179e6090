"""Topologies that nobody would think of, as values: built into any executor, read as a few lines."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from attrs import frozen

from taktora.actors.flow import ControlFlow
from taktora.actors.item import Item
from taktora.actors.node import node
from taktora.core.plan import Plan
from taktora.core.supervision import Supervision
from taktora.core.triggers import MissedTick
from taktora.errors import ActorDeadError, MailboxFull

__all__ = ["Composed", "Part", "RandomTopology"]

_MS: Final = 0.001
_ROOM: Final = {"max_publishers": 64, "max_subscribers": 64}


@frozen(kw_only=True)
class Part:
    """One item. Durations are milliseconds."""

    id: str
    every: int = 0
    """Its interval; 0: none."""
    missed: MissedTick = MissedTick.SKIP
    on: tuple[str, ...] = ()
    """Channels that it waits for."""
    within: int = 0
    """A deadline on the first of these."""
    shares: bool = False
    """It waits with the subscribers of others that share, not with its own."""
    one: bool = False
    """It takes one sample at a time, and leaves the rest."""
    sends: tuple[str, ...] = ()
    """Channels that it publishes on."""
    tells: tuple[str, ...] = ()
    """Whom it sends a message."""
    greets: tuple[str, ...] = ()
    """Whom it sends a message when it starts, and whenever it was built anew."""
    takes: int = 0
    """How long an execution takes."""
    stops: int = 0
    """Every so many executions it wants nothing of its chain or graph to follow; 0: never."""
    fails: int = 0
    """Every so many executions it raises; 0: never."""
    restarts: bool = False
    """When it has raised it is built anew; else it goes on."""
    backoff: int = 0
    """How long until then."""
    inline: bool = False
    """It runs on the driver, also where there is a pool."""
    capacity: int = 1024
    """Of its mailbox."""

    @property
    def supervision(self) -> Supervision:
        """What becomes of it when it raises."""
        if self.restarts:
            return Supervision.restart(backoff=self.backoff * _MS)
        return Supervision.resume()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002
        printer.text(repr(self))  # Hypothesis would print every attribute

    def __repr__(self) -> str:
        """Only what is out of the ordinary."""
        plain = Part(id="")
        names = [attribute.name for attribute in self.__attrs_attrs__]
        said = [
            f"{name}={getattr(self, name)!r}"
            for name in names
            if getattr(self, name) != getattr(plain, name)
        ]
        return f"Part({', '.join(said)})"


@frozen
class Composed:
    """A chain, or a graph of the shape ``plan``."""

    id: str
    plan: Plan
    parts: tuple[Part, ...]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002
        printer.text(repr(self))

    def __repr__(self) -> str:
        shape = "chain" if self.plan.kind == "chain" else f"edges {list(self.plan.edges)}"
        return f"Composed({self.id!r}, {shape}, {list(self.parts)!r})"


@frozen
class RandomTopology:
    """Puts everything into ``executor`` when called: a ``build`` for a simulation, and a value."""

    units: tuple[Part | Composed, ...] = ()
    """Items, chains and graphs. What one sends only ever wakes later ones, so all comes to rest."""
    channels: tuple[str, ...] = ()

    def __call__(self, executor: Any) -> None:
        """Add all of it."""
        channels = {
            name: executor.channel(name, ctypes.c_uint64, **_ROOM) for name in self.channels
        }
        make = _Maker(executor, channels)
        for unit in self.units:
            if isinstance(unit, Part):
                executor.add(
                    make.factory(unit),
                    placement="inline" if unit.inline else "auto",
                    supervision=unit.supervision,
                    mailbox_capacity=unit.capacity,
                )
                continue
            nodes = [
                node(
                    make.factory(part),
                    placement="inline" if part.inline else "auto",
                    supervision=part.supervision,
                )
                for part in unit.parts
            ]
            if unit.plan.kind == "chain":
                executor.add_chain(nodes, id=unit.id)
                continue
            builder = executor.add_graph(id=unit.id)
            vertices = [builder.vertex(one) for one in nodes]
            for before, after in unit.plan.edges:
                builder.edge(vertices[before], vertices[after])
            builder.root(vertices[unit.plan.root])
            builder.build()

    @property
    def ids(self) -> tuple[str, ...]:
        """Of all that takes messages: items, chains and graphs."""
        return tuple(unit.id for unit in self.units)


class _Worker(Item):
    """Does what its :class:`Part` says, by the number of its execution."""

    def __init__(self, part: Part, executor: Any, ports: Any, count: list[int]) -> None:
        self.item_id = part.id
        self._part = part
        self._executor = executor
        self._subscribers, self._publishers = ports
        self._count = count

    def declare_triggers(self, on: Any) -> None:
        part = self._part
        if part.every:
            on.interval(part.every * _MS, missed=part.missed)
        for place, subscriber in enumerate(self._subscribers):
            if part.within and place == 0:
                on.deadline(subscriber, part.within * _MS)
            else:
                on.subscriber(subscriber)

    def on_start(self) -> None:
        self._tell(self._part.greets, 0)

    def execute(self) -> ControlFlow:
        """One execution."""
        part = self._part
        self._count[0] += 1
        count = self._count[0]
        if part.takes:
            self._executor.spend(part.takes * 1_000_000)
        for subscriber in self._subscribers:
            while subscriber.take() is not None and not part.one:
                pass
        for publisher in self._publishers:
            publisher.send_copy(count)
        self._tell(part.tells, count)
        if part.fails and count % part.fails == 0:
            raise ArithmeticError(f"execution {count} of {part.id}")
        stop = part.stops and count % part.stops == 0
        return ControlFlow.STOP_CHAIN if stop else ControlFlow.CONTINUE

    def _tell(self, others: tuple[str, ...], message: int) -> None:
        for other in others:
            ref = self._executor.ref(other)
            if ref is not None:
                with suppress(MailboxFull, ActorDeadError):  # it is told, and goes on
                    ref.tell(message)


class _Maker:
    """Makes items, whose ports outlive a restart."""

    def __init__(self, executor: Any, channels: dict[str, Any]) -> None:
        self._executor = executor
        self._channels = channels
        self._shared: dict[str, Any] = {}

    def factory(self, part: Part) -> Callable[[], Item]:
        subscribers = [self._subscriber(name, shared=part.shares) for name in part.on]
        publishers = [self._channels[name].publisher() for name in part.sends]
        count = [0]
        return lambda: _Worker(part, self._executor, (subscribers, publishers), count)

    def _subscriber(self, name: str, *, shared: bool) -> Any:
        if not shared:
            return self._channels[name].subscriber()
        if name not in self._shared:
            self._shared[name] = self._channels[name].subscriber()
        return self._shared[name]
