"""Turning what users add into wired actors: checked first, claimed together, launched last."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Self

from attrs import define, evolve, frozen

from taktora.actors.actor import Actor, answer_full
from taktora.actors.cell import Cell, RunSwitch
from taktora.actors.compositions import CompositionActor, CompositionCell, CompositionRef, NodeCell
from taktora.actors.declare import TriggerDeclarer
from taktora.actors.item import Item
from taktora.actors.items import ItemActor, ItemCell, has_reset
from taktora.actors.node import NodeSpec
from taktora.actors.roster import Roster
from taktora.actors.wiring import wire
from taktora.checks import build, identifier, instance, whole
from taktora.core.identity import ItemId
from taktora.core.mailbox import Overflow, Wake
from taktora.core.plan import Plan
from taktora.core.stimuli import ActorSpec, Added, Assembled, Stimulus
from taktora.core.supervision import Directive, Supervision
from taktora.core.triggers import Trigger
from taktora.drivers.obeying import Obeying
from taktora.errors import InvalidArgument, WrongType
from taktora.observe.observation import Observation
from taktora.time import Nanos, to_nanos

__all__ = ["Adding", "Defaults"]

logger = logging.getLogger("taktora")


@frozen
class Defaults:
    """What holds for every actor unless its own options say otherwise."""

    workers: int
    supervision: Supervision
    capacity: int
    overflow: Overflow
    throughput: int
    iteration_budget: Nanos = 0

    @classmethod
    def checked(
        cls,
        *,
        workers: Any,
        supervision: Any,
        capacity: Any,
        overflow: Any,
        throughput: Any,
        iteration_budget: Any,
    ) -> Self:
        """From the options of an executor.

        Raises:
            WrongType, InvalidArgument: an option that cannot be.
        """
        return cls(
            workers=whole(workers, "worker_threads", least=0),
            supervision=Supervision.stop()
            if supervision is None
            else instance(supervision, Supervision, "supervision"),
            capacity=whole(capacity, "mailbox_capacity", least=1),
            overflow=instance(overflow, Overflow, "overflow"),
            throughput=whole(throughput, "throughput", least=1),
            iteration_budget=0
            if iteration_budget is None
            else to_nanos(iteration_budget, what="iteration_budget"),
        )


@frozen
class _Options:
    """How something is to be run: all that is common to an item, a node and a composition."""

    inline: bool
    policy: Supervision
    capacity: int
    overflow: Overflow


@frozen
class _Checked:
    """An item whose options were all found to be possible."""

    item: Item
    factory: Callable[[], Item] | None
    handler: Item | None
    wanted: str | None
    declared: TriggerDeclarer
    options: _Options


@define
class Adding:
    """Adds to one executor. Any thread."""

    _home: Any
    _defaults: Defaults
    _roster: Roster
    _driver: Obeying
    _switch: RunSwitch
    _observation: Observation
    _in_role: Callable[[Callable[[], None]], None]
    item_actor: type[ItemActor] = ItemActor
    """What is made of an item."""
    check_trigger: Callable[[Trigger], None] = lambda _: None
    """Raises if the driver cannot watch for a trigger."""
    on_connect: Callable[[Cell], None] = lambda _: None
    """Called with every cell before it is launched."""

    def item(
        self,
        item: Item | Callable[[], Item],
        *,
        id: str | None,
        placement: str,
        fault_handler: Item | Callable[[], Item] | None,
        supervision: Supervision | None,
        mailbox_capacity: int | None,
        overflow: Overflow | None,
    ) -> Any:
        """See ``Executor.add``."""
        options = self._options(placement, supervision, mailbox_capacity, overflow)
        checked = self._check(item, id, fault_handler, options)
        ids = self._claim([checked], [checked.wanted], "item")
        try:
            actor = self._actor(checked, ItemId(ids[0]))
        except BaseException:
            self._release(ids, [checked])
            raise
        cell = ItemCell(actor, throughput=self._defaults.throughput, inline=checked.options.inline)
        wire(cell, checked.declared.triggers, self._driver.rearm)
        spec = self._spec(cell, checked, checked.declared.triggers)
        self._launch([cell], Added(spec))
        return cell.actor.actor_ref

    def plain(self, actor: Actor, wanted: str | None, placement: str) -> Any:
        """See ``Executor.spawn``."""
        inline = self._inline(placement)
        defaults = self._defaults
        actor.actor_inbox.capacity = defaults.capacity
        actor.actor_inbox.overflow = defaults.overflow
        actor_id = ItemId(self._roster.claim(wanted, type(actor).__name__))
        cell = Cell(actor, actor_id, throughput=defaults.throughput, inline=inline)
        spec = ActorSpec(actor_id, actor.actor_inbox, (), defaults.supervision)
        self._launch([cell], Added(spec))
        return actor.actor_ref

    def composition(
        self,
        nodes: Sequence[Any],
        shape: Callable[[Sequence[str]], Plan],
        *,
        kind: str,
        id: str | None,
        placement: str,
        supervision: Supervision | None,
        mailbox_capacity: int | None,
        overflow: Overflow | None,
    ) -> CompositionRef:
        """See ``Executor.add_chain`` and ``Executor.add_graph``."""
        options = self._options(placement, supervision, mailbox_capacity, overflow)
        parts = [part if isinstance(part, NodeSpec) else NodeSpec(part) for part in nodes]
        shape([part.label for part in parts])  # before anything is built
        wanted = identifier(id)
        checked = [self._check_node(part, options) for part in parts]
        name = self._roster.claim(wanted, kind)
        try:
            names = [one.wanted or f"{name}.{number}" for number, one in enumerate(checked)]
            ids = self._claim(checked, names, kind)
        except BaseException:
            self._roster.drop(name)
            raise
        plan = shape(ids)
        for number, one in enumerate(checked):
            if number != plan.root and one.declared.triggers:
                logger.warning(
                    "%s %r: the triggers of %r are ignored, only those of the first node (%r) count",
                    kind,
                    name,
                    ids[number],
                    ids[plan.root],
                )
        return self._assemble(checked, plan, name, options)

    # --- checks -----------------------------------------------------------------------------------

    def _options(
        self,
        placement: str,
        supervision: Supervision | None,
        capacity: int | None,
        overflow: Overflow | None,
    ) -> _Options:
        defaults = self._defaults
        return _Options(
            self._inline(placement),
            defaults.supervision
            if supervision is None
            else instance(supervision, Supervision, "supervision"),
            defaults.capacity if capacity is None else whole(capacity, "mailbox_capacity", least=1),
            defaults.overflow if overflow is None else instance(overflow, Overflow, "overflow"),
        )

    def _check_node(self, part: NodeSpec, options: _Options) -> _Checked:
        if part.placement is not None:
            options = evolve(options, inline=self._inline(part.placement))
        if part.supervision is not None:
            policy = instance(part.supervision, Supervision, "supervision")
            options = evolve(options, policy=policy)
        return self._check(part.item, part.id, part.fault_handler, options)

    def _check(self, item: Any, id: str | None, fault_handler: Any, options: _Options) -> _Checked:
        built, factory = build(item)
        restarts = options.policy.directive is Directive.RESTART
        if restarts and factory is None and not has_reset(built):
            raise WrongType(
                f"{built!r} cannot be restarted: add it as a factory (its class, or a function "
                "that makes it), or give it a reset() method"
            )
        handler = None if fault_handler is None else build(fault_handler)[0]
        wanted = identifier(built.item_id if built.item_id is not None else id)
        declared = TriggerDeclarer(f"item {wanted!r}" if wanted else repr(built))
        built.declare_triggers(declared)
        for trigger in declared.triggers:
            self.check_trigger(trigger)
        return _Checked(built, factory, handler, wanted, declared, options)

    def _inline(self, placement: str) -> bool:
        if placement not in ("inline", "pool", "auto"):
            raise InvalidArgument(
                f"placement must be 'inline', 'pool' or 'auto', not {placement!r}"
            )
        if placement == "pool" and self._defaults.workers == 0:
            raise InvalidArgument(
                "placement='pool' needs workers: Executor(worker_threads=1) or more"
            )
        return placement == "inline" or self._defaults.workers == 0

    # --- construction -----------------------------------------------------------------------------

    def _claim(
        self, checked: Sequence[_Checked], wanted: Sequence[str | None], prefix: str
    ) -> list[str]:
        """Reserve every id and object, or none."""
        ids: list[str] = []
        try:
            for one, name in zip(checked, wanted, strict=True):
                ids.append(self._roster.claim(name, prefix, one.item))
                if one.handler is not None:
                    self._roster.hold(one.handler, ids[-1])
        except BaseException:
            self._release(ids, checked)
            raise
        return ids

    def _release(self, ids: Sequence[str], checked: Sequence[_Checked]) -> None:
        """Free what :meth:`_claim` reserved."""
        for item_id, one in zip(ids, checked, strict=False):
            self._roster.drop(item_id, one.item)
            if one.handler is not None:
                self._roster.drop(item_id, one.handler)

    def _actor(self, checked: _Checked, item_id: ItemId) -> ItemActor:
        return self.item_actor(
            checked.item,
            item_id,
            self._home,
            capacity=checked.options.capacity,
            overflow=checked.options.overflow,
            factory=checked.factory,
            handler=checked.handler,
        )

    def _assemble(
        self,
        checked: Sequence[_Checked],
        plan: Plan,
        name: str,
        options: _Options,
    ) -> CompositionRef:
        throughput = self._defaults.throughput
        cells: list[NodeCell] = []
        try:
            for number, one in enumerate(checked):
                before = tuple(plan.ids[place] for place in plan.predecessors[number])
                node_id = ItemId(plan.ids[number], name, before)
                actor = self._actor(one, node_id)
                cells.append(NodeCell(actor, throughput=throughput, inline=one.options.inline))
        except BaseException:
            self._release(plan.ids, checked)
            self._roster.drop(name)
            raise
        inline = all(cell.inline for cell in cells)
        walked = inline or (plan.kind == "chain" and not any(cell.inline for cell in cells))
        plan = plan.named([cell.actor_id for cell in cells])
        whole_actor = CompositionActor(ItemId(name), plan, options.capacity, options.overflow)
        front = CompositionCell(
            whole_actor, cells, self._home, walked=walked, inline=inline or not walked
        )
        triggers = checked[plan.root].declared.triggers
        wire(front, triggers, self._driver.rearm)
        members = tuple(self._spec(cell, one, ()) for cell, one in zip(cells, checked, strict=True))
        spec = ActorSpec(front.actor_id, whole_actor.actor_inbox, triggers, options.policy)
        self._launch([*cells, front], Assembled(spec, members, plan, walked))
        return whole_actor.actor_ref  # type: ignore[no-any-return]

    def _spec(self, cell: Cell, checked: _Checked, triggers: tuple[Any, ...]) -> ActorSpec:
        """For the scheduler; and the cell learns what it may take."""
        budgets = [checked.declared.budget_ns, self._defaults.iteration_budget]
        if any(budgets):
            cell.limit = min(filter(None, budgets))
        budget = checked.declared.budget_ns
        return ActorSpec(cell.actor_id, cell.inbox, triggers, checked.options.policy, budget)

    # --- launch -----------------------------------------------------------------------------------

    def _launch(self, cells: Sequence[Cell], news: Stimulus) -> None:
        """Hand wired actors to the scheduler; only then are their mailboxes open to it."""
        for cell in cells:
            self._connect(cell)
        last = cells[-1].actor
        report = self._driver.report
        last._announce = lambda: self._in_role(lambda: report(news))  # noqa: SLF001
        last._start_actor_loop()  # noqa: SLF001

    def _connect(self, cell: Cell) -> None:
        driver, told = self._driver, cell.told
        cell.switch = self._switch
        cell.clock = driver.clock
        cell.on_dead_letter = self._observation.dead_letter
        inbox = cell.inbox
        inbox.on_dead_letter = self._dropper(cell.actor_id)
        inbox.bell = lambda: driver.post(told)
        cell.actor.actor_ref.home = self._home
        cell.actor.actor_ref.item_id = cell.actor_id
        self.on_connect(cell)
        driver.cells[cell.actor_id] = cell
        self._roster.enter(cell.actor_id, cell.actor.actor_ref)

    def _dropper(self, actor_id: str) -> Callable[[Any, str], None]:
        def dropped(entry: Any, reason: str) -> None:
            if type(entry) is Wake:  # one tick of a burst too many: counted, not a letter
                return
            answered = answer_full(entry, actor_id, reason)
            self._observation.dead_letter(actor_id, entry[0], reason, answered)

        return dropped
