"""Hypothesis strategies for what taktora is configured with. Needs the extra ``testing``.

All of them shrink: to the first source, to one unit of time, to ``resume``, to few vertices.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen
from hypothesis import strategies as st

from taktora.core.mailbox import Mailbox, Overflow
from taktora.core.plan import Plan, graph
from taktora.core.stimuli import ActorSpec
from taktora.core.supervision import Directive, Supervision
from taktora.core.triggers import (
    DeadlineTrigger,
    FdTrigger,
    IntervalTrigger,
    ListenerTrigger,
    MissedTick,
    ServerTrigger,
    SourceTrigger,
    SubscriberTrigger,
    Trigger,
)
from taktora.testing.payload_strategies import payloads
from taktora.testing.topology_strategies import topologies
from taktora.time import Nanos

__all__ = [
    "ActorDraft",
    "actor_drafts",
    "dags",
    "interval_triggers",
    "overflows",
    "payloads",
    "source_triggers",
    "supervisions",
    "topologies",
]


def source_triggers(
    subscribers: Sequence[Any],
    servers: Sequence[Any] = (),
    listeners: Sequence[Any] = (),
    fds: Sequence[int] = (),
    *,
    unit: Nanos = 1,
) -> st.SearchStrategy[SourceTrigger]:
    """Triggers on ports that you have; deadlines of 1, 3 or 7 units of time.

    The same port is drawn again and again: items that share one are where bugs are.
    """
    within = st.sampled_from([unit, 3 * unit, 7 * unit])
    port = st.sampled_from(list(subscribers))
    kinds: list[st.SearchStrategy[SourceTrigger]] = [
        st.builds(SubscriberTrigger, port),
        st.builds(DeadlineTrigger, port, within),
    ]
    if servers:
        kinds.append(st.builds(ServerTrigger, st.sampled_from(list(servers))))
    if listeners:
        kinds.append(st.builds(ListenerTrigger, st.sampled_from(list(listeners))))
    if fds:
        kinds.append(st.builds(FdTrigger, st.sampled_from(list(fds))))
    return st.one_of(kinds)


def interval_triggers(*, unit: Nanos = 1) -> st.SearchStrategy[IntervalTrigger]:
    """Intervals of 1, 2, 4 or 5 units of time, under every policy for missed ticks."""
    return st.builds(
        lambda period, missed: IntervalTrigger(period, period, missed),
        st.sampled_from([unit, 2 * unit, 4 * unit, 5 * unit]),
        st.sampled_from(list(MissedTick)),
    )


def supervisions(*, unit: Nanos = 1) -> st.SearchStrategy[Supervision]:
    """Every directive; restarts with and without limit, window and back-off of a few units."""

    def restart(**options: Any) -> Supervision:
        return Supervision(Directive.RESTART, **{"backoff_max": 30_000_000_000, **options})

    return st.sampled_from(
        [
            Supervision.resume(),
            Supervision.stop(),
            restart(),
            restart(max_restarts=2, within=20 * unit, backoff=4 * unit),
            restart(backoff=3 * unit, backoff_max=9 * unit),
            restart(max_restarts=1),
        ]
    )


def overflows() -> st.SearchStrategy[Overflow]:
    """What a full mailbox does."""
    return st.sampled_from(list(Overflow))


@frozen
class ActorDraft:
    """An actor before it has an id and a mailbox."""

    triggers: tuple[Trigger, ...]
    capacity: int
    overflow: Overflow
    supervision: Supervision

    def spec(self, actor_id: str, mailbox_class: type[Mailbox] = Mailbox) -> ActorSpec:
        """What the scheduler is told with ``Added``; each call makes another mailbox."""
        return ActorSpec(
            actor_id, mailbox_class(self.capacity, self.overflow), self.triggers, self.supervision
        )


def actor_drafts(
    triggers: st.SearchStrategy[Trigger], *, unit: Nanos = 1
) -> st.SearchStrategy[ActorDraft]:
    """Actors with up to three of ``triggers``, and a mailbox so small that it overflows."""
    return st.builds(
        ActorDraft,
        triggers=st.lists(triggers, max_size=3).map(tuple),
        capacity=st.integers(1, 4),
        overflow=overflows(),
        supervision=supervisions(unit=unit),
    )


@st.composite
def dags(draw: st.DrawFn, most: int = 30) -> Plan:
    """Graphs of up to ``most`` vertices with one root that reaches all, numbered in any order.

    They shrink to few vertices and few edges. Vertices are called ``v0``, ``v1``, ...
    """
    size = draw(st.integers(1, most))
    names = draw(st.permutations(range(size)))
    edges = set()
    for number in range(1, size):
        before = draw(st.sets(st.integers(0, number - 1), min_size=1, max_size=4))
        edges |= {(names[source], names[number]) for source in before}
    ordered = draw(st.permutations(sorted(edges)))
    return graph([f"v{number}" for number in range(size)], ordered, [names[0]])
