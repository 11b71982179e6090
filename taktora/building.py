"""What users put into an executor: channels, services, items, chains, graphs, actors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

from taktora.actors.actor import Actor, ActorRef
from taktora.actors.compositions import CompositionRef
from taktora.actors.graph import GraphBuilder, Shape, shape_of
from taktora.actors.item import Item
from taktora.actors.items import ItemRef
from taktora.actors.node import NodeSpec, Sketch
from taktora.actors.roster import Roster
from taktora.adding import Adding
from taktora.checks import identifier
from taktora.closing import Closing
from taktora.core import plan
from taktora.core.mailbox import Overflow
from taktora.core.supervision import Supervision
from taktora.errors import WrongType
from taktora.transport.channel import Channel
from taktora.transport.node import BaseNode
from taktora.transport.service import Service

__all__ = ["Building"]


class Building(Closing):
    """The part of an ``Executor`` that takes things in. Any thread."""

    node: BaseNode
    """The node that this executor owns: its channels and services."""
    _adding: Adding
    _roster: Roster

    def _check_open(self) -> None:
        """Raise if nothing can be put in any more."""
        raise NotImplementedError

    def channel(self, name: str, payload_type: Any, **limits: Any) -> Channel:
        """Open or create a channel; see :meth:`taktora.Node.channel`."""
        self._check_open()
        return self.node.channel(name, payload_type, **limits)

    def service(self, name: str, request_type: Any, response_type: Any, **limits: Any) -> Service:
        """Open or create a service; see :meth:`taktora.Node.service`."""
        self._check_open()
        return self.node.service(name, request_type, response_type, **limits)

    @overload
    def add(
        self,
        item: Sketch,
        *,
        id: str | None = None,
        placement: str = "auto",
        fault_handler: None = None,
        supervision: Supervision | None = None,
        mailbox_capacity: int | None = None,
        overflow: Overflow | None = None,
    ) -> CompositionRef: ...
    @overload
    def add(
        self,
        item: Item | Callable[[], Item],
        *,
        id: str | None = None,
        placement: str = "auto",
        fault_handler: Item | Callable[[], Item] | None = None,
        supervision: Supervision | None = None,
        mailbox_capacity: int | None = None,
        overflow: Overflow | None = None,
    ) -> ItemRef: ...

    def add(
        self,
        item: Item | Callable[[], Item] | Sketch,
        *,
        id: str | None = None,
        placement: str = "auto",
        fault_handler: Item | Callable[[], Item] | None = None,
        supervision: Supervision | None = None,
        mailbox_capacity: int | None = None,
        overflow: Overflow | None = None,
    ) -> ItemRef | CompositionRef:
        """Make ``item`` an actor and return its ref. Any thread, also while running.

        The id is the item's own ``item_id``, else ``id``, else one is assigned. ``item`` may be a
        factory (a class, or a function without parameters), which a restart calls again; or a
        composition written with ``>>``, which is added as a chain or graph.
        ``placement``: ``"inline"`` runs it on the driver thread, ``"pool"`` on a worker,
        ``"auto"`` on a worker if there are any. ``fault_handler`` runs in place of the item, on
        its triggers, after it broke the budget that it declared (``on.budget``) or the executor's.

        Raises:
            WrongType, InvalidArgument: an argument that cannot be.
            InvalidTrigger, PortClosed: a declared trigger cannot work.
            GraphInvalid: a composition that cannot run.
            DuplicateItem: the same object, or the id, was added before.
            ExecutorClosed: the executor is closed.
        """
        self._check_open()
        if isinstance(item, Sketch):
            if fault_handler is not None:
                raise WrongType(
                    "a composition has no fault handler of its own; give one to each item that "
                    "needs it: node(item, fault_handler=...)"
                )
            parts, shape = shape_of(item)
            return self._adding.composition(
                parts,
                plan.chain if item.is_chain else shape,
                kind="chain" if item.is_chain else "graph",
                id=id,
                placement=placement,
                supervision=supervision,
                mailbox_capacity=mailbox_capacity,
                overflow=overflow,
            )
        ref: ItemRef = self._adding.item(
            item,
            id=id,
            placement=placement,
            fault_handler=fault_handler,
            supervision=supervision,
            mailbox_capacity=mailbox_capacity,
            overflow=overflow,
        )
        return ref

    def add_chain(
        self,
        items: Sequence[Item | Callable[[], Item] | NodeSpec],
        *,
        id: str | None = None,
        placement: str = "auto",
        supervision: Supervision | None = None,
        mailbox_capacity: int | None = None,
        overflow: Overflow | None = None,
    ) -> CompositionRef:
        """Add items that run one after the other whenever the triggers of the first one fire.

        Each is an actor with an id and a ref of its own. ``STOP_CHAIN`` or an exception ends the
        present run; what fires while a run lasts leads to one further run. ``ctx.emit(value)``
        hands a value to the next item, as its ``ctx.input``. Give an item options of its own with
        ``taktora.node(item, ...)``. Without an id one is assigned; nodes without one are called
        ``"<chain id>-<n>"``. Any thread, also while running.

        Raises:
            GraphInvalid: no items.
            Others: as :meth:`add`; nothing was added.
        """
        self._check_open()
        given: Any = items
        if not isinstance(given, list | tuple):
            raise WrongType(f"add_chain takes a list of items, not {items!r}")
        return self._adding.composition(
            items,
            plan.chain,
            kind="chain",
            id=id,
            placement=placement,
            supervision=supervision,
            mailbox_capacity=mailbox_capacity,
            overflow=overflow,
        )

    def add_graph(
        self,
        *,
        id: str | None = None,
        placement: str = "auto",
        supervision: Supervision | None = None,
        mailbox_capacity: int | None = None,
        overflow: Overflow | None = None,
    ) -> GraphBuilder:
        """Begin a graph of items: ``vertex``, ``edge``, ``root``, then ``build()``.

        A vertex runs once all its predecessors are done, in parallel with others if there are
        workers. ``STOP_CHAIN`` or an exception cancels what has not started. Options hold for all
        vertices that have none of their own; ids and values are as in :meth:`add_chain`.
        """
        self._check_open()

        def compose(nodes: Sequence[NodeSpec], shape: Shape) -> CompositionRef:
            self._check_open()
            return self._adding.composition(
                nodes,
                shape,
                kind="graph",
                id=id,
                placement=placement,
                supervision=supervision,
                mailbox_capacity=mailbox_capacity,
                overflow=overflow,
            )

        return GraphBuilder(compose)

    def spawn(
        self,
        actor_class: type[Actor],
        *args: Any,
        id: str | None = None,
        placement: str = "auto",
        **kwargs: Any,
    ) -> ActorRef[Any]:
        """Start a plain actor, written as for pykka, on this executor and return its ref.

        ``args`` and ``kwargs`` go to its constructor. As in pykka, an exception in a told message
        ends the actor (``on_failure``), and one in an ask goes back to the asker.

        Raises:
            WrongType: not a subclass of ``taktora.Actor``.
            DuplicateItem: the id is taken.
            ExecutorClosed: the executor is closed.
        """
        self._check_open()
        given: Any = actor_class
        if not (isinstance(given, type) and issubclass(given, Actor)):
            raise WrongType(f"spawn takes a subclass of taktora.Actor, not {actor_class!r}")
        wanted = identifier(id)
        actor = actor_class(*args, **kwargs)
        if not hasattr(actor, "actor_inbox"):
            raise WrongType(f"{actor_class.__name__}.__init__ must call super().__init__()")
        return self._adding.plain(actor, wanted, placement)  # type: ignore[no-any-return]

    def ref(self, item_id: str) -> ActorRef[Any] | None:
        """The ref of the item or actor with this id, ``None`` when there is none (any more)."""
        return self._roster.get(item_id)
