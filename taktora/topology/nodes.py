"""The parts of a topology: what executes, what wakes it, and what data flows through."""

from __future__ import annotations

from typing import Final, Literal

from attrs import field, frozen

from taktora.core.triggers import Kind
from taktora.errors import InvalidArgument
from taktora.time import Nanos
from taktora.topology.fields import all_of, nanos, one_of, text, text_or_none, tuple_of

__all__ = [
    "ChannelKind",
    "ChannelNode",
    "Edge",
    "EdgeKind",
    "Node",
    "NodeKind",
    "TriggerNode",
    "duration",
]

NodeKind = Literal["item", "chain", "graph", "node", "vertex", "actor"]
EdgeKind = Literal["next", "publishes", "wakes", "watches"]
ChannelKind = Literal["channel", "service"]

_NEEDS: Final = {"interval": "period_ns", "deadline_missed": "within_ns"}
_ON: Final = {
    "subscriber": "on {}",
    "deadline_missed": "on {}",
    "server": "on requests to {}",
    "client": "on responses of {}",
    "listener": "on a raw listener",
    "fd": "on a file descriptor",
    "message": "on messages",
    "predecessor": "after its predecessors",
}
_UNITS: Final = ((1_000_000_000, "s"), (1_000_000, "ms"), (1000, "µs"), (1, "ns"))


def duration(nanos: Nanos) -> str:
    """``nanos`` for people: ``10 ms``, ``2.5 s``; six digits at the most."""
    size, unit = next((size, unit) for size, unit in _UNITS if nanos >= size or size == 1)
    whole, rest = divmod(nanos, size)
    return f"{whole if rest == 0 else format(nanos / size, '.6g')} {unit}"


@frozen
class TriggerNode:
    """One declaration of what wakes a node."""

    kind: Kind = field(validator=one_of(Kind))
    """The kind of ``ctx.triggers`` that only this declaration fires: a deadline is
    ``deadline_missed``."""
    channel: str | None = field(default=None, validator=text_or_none)
    """The channel or service that it listens to; ``None`` for what has none."""
    period_ns: Nanos | None = field(default=None, validator=nanos)
    """Of an interval."""
    within_ns: Nanos | None = field(default=None, validator=nanos)
    """Of a deadline."""

    def __attrs_post_init__(self) -> None:
        """Hold each kind to what it cannot be without."""
        needed = _NEEDS.get(self.kind)
        if needed is not None and getattr(self, needed) is None:
            raise InvalidArgument(f"a TriggerNode of kind {self.kind} needs {needed}")

    def __str__(self) -> str:
        if self.period_ns is not None:
            return f"every {duration(self.period_ns)}"
        where = _ON.get(self.kind, "on {}").format(self.channel or "data")
        if self.within_ns is not None:
            return f"deadline {duration(self.within_ns)} {where}"
        return where


@frozen
class Node:
    """Something that executes: an item, a plain actor, a composition, or a member of one."""

    id: str = field(validator=text)
    kind: NodeKind = field(default="item", validator=one_of(NodeKind))
    label: str = field(default="", validator=text)
    """What people call it; the id if nothing else is known."""
    composition: str | None = field(default=None, validator=text_or_none)
    """The id of the chain or graph that it is a member of."""
    triggers: tuple[TriggerNode, ...] = field(
        default=(), converter=tuple_of, validator=all_of(TriggerNode)
    )
    """What wakes it. A composition's are those of its head or root."""
    placement: str = field(default="inline", validator=text)
    """``"inline"``: on the driver thread. ``"pool"``: on a worker."""

    def __attrs_post_init__(self) -> None:
        """Fall back to the id for a label; members belong somewhere."""
        if not self.label:
            object.__setattr__(self, "label", self.id)
        if self.kind in ("node", "vertex") and self.composition is None:
            raise InvalidArgument(f"{self.kind} {self.id!r} needs the composition that it is in")

    @property
    def is_composition(self) -> bool:
        """Whether it may have members."""
        return self.kind in ("chain", "graph")


@frozen
class Edge:
    """One arrow; see the module for what its ends are."""

    source: str = field(validator=text)
    target: str = field(validator=text)
    kind: EdgeKind = field(validator=one_of(EdgeKind))

    def __str__(self) -> str:
        return f"{self.source!r} {self.kind} {self.target!r}"


@frozen
class ChannelNode:
    """A channel or a service, as named in shared memory."""

    id: str = field(validator=text)
    """Its name."""
    kind: ChannelKind = field(default="channel", validator=one_of(ChannelKind))
    payload: str = field(default="", validator=text)
    """The payload type as people name it (of a service: request -> response); empty: unknown."""
