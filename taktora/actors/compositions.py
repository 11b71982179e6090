"""A chain or graph as an actor: what takes its triggers and messages, and goes through its nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, NoReturn

from taktora.actors.actor import PROXY_MESSAGES, Actor, ActorRef, Entry, answer_dead, is_stop
from taktora.actors.flow import ControlFlow
from taktora.actors.items import Host, ItemActor, ItemCell
from taktora.actors.node_context import NodeContext, WalkContext, input_of
from taktora.actors.promise import Promise
from taktora.actors.watched import WatchedCell
from taktora.core.commands import Land
from taktora.core.identity import ItemId
from taktora.core.mailbox import Overflow, Wake
from taktora.core.plan import Plan
from taktora.core.stimuli import Advanced, Completed, Failed, FlightBegan, Stimulus, Stopped, Walked
from taktora.core.triggers import Fired
from taktora.errors import WrongType
from taktora.time import Nanos

__all__ = ["CompositionActor", "CompositionCell", "CompositionRef", "NodeCell"]

_COMPLETED: Final = "completed"


class CompositionRef(ActorRef["CompositionActor"]):
    """The handle of a chain or graph: ``tell``, ``ask``, ``stop``, ``is_alive``. Any thread.

    A message begins a run: the first node finds it as ``ctx.input``, in a trigger of kind
    ``"message"``. An ask is answered with what the last node emitted (a tuple if nobody follows
    several), ``None`` if the run was stopped before, or raises what a node raised.
    """

    def __init__(self, actor: CompositionActor) -> None:
        super().__init__(actor)
        self.item_id: str = actor.item_id
        self.kind = actor.plan.kind
        """``"chain"`` or ``"graph"``."""
        self.node_ids: tuple[str, ...] = actor.plan.ids
        """Ids of the nodes; ``executor.ref(id)`` gives the ref of each."""

    def __str__(self) -> str:
        return f"{self.kind} {self.item_id!r}"

    def __repr__(self) -> str:
        state = "" if self.is_alive() else " (stopped)"
        return f"<CompositionRef of {self}, {len(self.node_ids)} nodes{state}>"

    def proxy(self) -> NoReturn:
        """Not of a composition: take the proxy of one of its nodes.

        Raises:
            WrongType: always.
        """
        raise WrongType(
            f"{self} has no attributes of its own; use executor.ref(node_id).proxy(), with one of "
            f"{', '.join(map(repr, self.node_ids[:5]))}"
        )


class CompositionActor(Actor):
    """The actor in front of the nodes."""

    def __init__(self, item_id: ItemId, plan: Plan, capacity: int, overflow: Overflow) -> None:
        self.item_id = item_id
        self.plan = plan
        super().__init__()
        self.actor_inbox.capacity = capacity
        self.actor_inbox.overflow = overflow

    def _create_ref(self) -> CompositionRef:
        return CompositionRef(self)

    def __str__(self) -> str:
        return f"{self.plan.kind} {self.item_id!r}"


class NodeCell(ItemCell):
    """Runs one node: on its own when its predecessors are done, or as part of a walk."""

    __slots__ = ("_advanced", "_ctx")

    def __init__(self, actor: ItemActor, *, throughput: int, inline: bool) -> None:
        super().__init__(actor, throughput=throughput, inline=inline)
        self._ctx: NodeContext | None = None
        self._advanced = Advanced(actor.item_id)

    def run(self) -> Stimulus:
        """Handle mail; say so if the node's part of a run was in it."""
        answer = super().run()
        ctx, self._ctx = self._ctx, None
        if ctx is None:
            return answer
        if type(answer) is Completed:
            if answer is self.completed and not self.stopped and ctx.emitted is None:
                return self._advanced
            return Advanced(self.actor_id, self.stopped, ctx.emitted, answer.overran)
        assert isinstance(answer, Failed)
        return Failed(self.actor_id, answer.error, aboard=True, overran=answer.overran)

    def _wake(self, wake: Wake, began: int) -> BaseException | None:
        fired = wake.fired
        self._ctx = ctx = NodeContext(self.item_actor, fired, began, input_of(fired))
        return self.perform(ctx)


class CompositionCell(WatchedCell):
    """Begins runs of a chain or graph, and goes through them itself if they are to be walked."""

    __slots__ = (
        "_asked",
        "_began",
        "_fired",
        "_plan",
        "_runs",
        "_steps",
        "_walked",
        "observation",
    )

    def __init__(
        self,
        actor: CompositionActor,
        nodes: Sequence[NodeCell],
        host: Host,
        *,
        walked: bool,
        inline: bool,
    ) -> None:
        super().__init__(actor, actor.item_id, throughput=1, inline=inline)
        self.observation = host.observation
        self._plan = plan = actor.plan
        self._walked = walked
        self._steps = [
            (
                nodes[number],
                nodes[number].counters.took.record,
                number,
                before := plan.predecessors[number],
                tuple(plan.ids[at] for at in before),
            )
            for number in plan.order
        ]
        self._asked: Promise[Any] | None = None
        self._fired: tuple[Fired, ...] = ()
        self._runs = 0
        self._began: Nanos = 0

    @property
    def walked(self) -> bool:
        """Whether one execution goes through all nodes."""
        return self._walked

    @property
    def node_ids(self) -> tuple[str, ...]:
        """Ids of the nodes."""
        return self._plan.ids

    @property
    def kind(self) -> Literal["chain", "graph"]:
        """Which of the two it is."""
        return self._plan.kind

    def run(self) -> Stimulus:
        """Take what wakes it next and begin a run, or go through it."""
        entry = self.inbox.take()
        if entry is None:
            return self.completed
        if type(entry) is Wake:
            self._asked, self._fired = None, entry.fired
        elif is_stop(entry[0]):
            self._end(entry)
            return Stopped(self.actor_id)
        elif type(entry[0]) in PROXY_MESSAGES:
            return self._refuse(entry)
        else:
            message, self._asked = entry
            self._fired = (Fired("message", message),)
        self._runs += 1
        if self.observation.on:
            self.observation.departed(self.actor_id, self._runs)
        if self._walked:
            return self._walk()
        self._began = self.clock()
        return FlightBegan(self.actor_id, self._fired)

    def land(self, landing: Land) -> Stimulus | None:
        """Obey ``Land``: a run that was flown is over. What to report, if there is more to do."""
        self._count(self._began, self.clock() - self._began, landing.error)
        self._tell(landing.left_out, landing.values, landing.error)
        return self.told if self.look_again(self._fired) else None

    def _bury(self, stop: Any) -> None:
        """Also answer who asked for a run that was torn down half-way."""
        asked, self._asked = self._asked, None
        answer_dead((None, asked), self.actor_id)
        super()._bury(stop)

    def _refuse(self, entry: Entry) -> Stimulus:
        """A proxy message: a composition has nothing that it could be about."""
        error = WrongType(f"{self.actor} has no attributes or methods of its own")
        self._raised(entry[1], error)
        return self.completed

    def _walk(self) -> Stimulus:
        """Go through the nodes in the plan's order until one stops, fails, or is the last.

        Written out flat: what is in this loop is paid for every node.
        """
        fired = self._fired
        plain = not self.observation.on and self.switch.fault is None
        values: list[Any] = [None] * len(self._steps)
        overran: list[tuple[str, Nanos]] = []
        error: BaseException | None = None
        left_out: tuple[int, ...] = ()
        clock = self.clock
        start = began = clock()
        ctx: NodeContext | None = None
        for node, record, number, before, names in self._steps:
            actor = node.item_actor
            if len(before) == 1:
                ctx = WalkContext(actor, names, began, values[before[0]])
            elif before:
                ctx = WalkContext(actor, names, began, tuple(values[at] for at in before))
            else:
                ctx = NodeContext(actor, fired, began, input_of(fired))
            if plain and node.fault is None:
                try:
                    flow = actor.flow(ctx)
                    stopped = flow is not None and actor.check(flow) is ControlFlow.STOP_CHAIN
                except BaseException as raised:  # noqa: BLE001  # supervision decides
                    error, stopped = raised, True
            else:
                error = node.perform(ctx)
                stopped = node.stopped or error is not None
            took = clock() - began
            began += took
            if node.ran:
                record(took)
            else:
                node.ran = True
            if took > node.limit:
                node.counters.overruns += 1
                overran.append((node.actor_id, took))
            if stopped:
                order = self._plan.order
                left_out = order[order.index(number) + 1 :]
                break
            values[number] = ctx.emitted
        self._count(start, began - start, error)
        if self._asked is not None or self.observation.on:
            self._tell(
                tuple(self._plan.ids[number] for number in left_out),
                tuple(values[number] for number in self._plan.sinks),
                error,
            )
        self.look_again(fired)
        if error is not None:
            node.counters.failed += 1
            node.note_failure(error)
            return Walked(self.actor_id, node.actor_id, error, tuple(overran))
        return Walked(self.actor_id, overran=tuple(overran)) if overran else self.completed

    def _count(self, began: Nanos, took: Nanos, error: BaseException | None) -> None:
        """A run of the whole is one execution in the statistics."""
        self.counters.took.record(took)
        if error is not None:
            self.counters.failed += 1
        pace = self.counters.pace
        if pace is not None:
            pace.note(self._fired, began)

    def _tell(
        self, left_out: tuple[str, ...], values: tuple[Any, ...], error: BaseException | None
    ) -> None:
        """A run is over: tell whoever looks on, and answer whoever asked."""
        if self.observation.on:
            outcome = _COMPLETED if error is None and not left_out else "stopped"
            self.observation.landed(
                self.actor_id, self._runs, "failed" if error is not None else outcome, left_out
            )
        asked, self._asked = self._asked, None
        if asked is not None:
            if error is not None:
                self._reply(asked.fail, error)
            else:
                self._reply(asked.set, values[0] if len(values) == 1 else values)
