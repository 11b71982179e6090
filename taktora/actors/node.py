"""What users write to compose items: nodes, and the ``>>`` between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from taktora.errors import GraphInvalid, WrongType

if TYPE_CHECKING:
    from taktora.actors.item import Item
    from taktora.core.supervision import Supervision

__all__ = ["Composable", "NodeSpec", "Sketch", "node", "sketch"]


class Composable:
    """Something that ``>>`` can put before or after others: an item, a node, or a sketch of both."""

    __slots__ = ()

    def __rshift__(self, after: Any) -> Sketch:
        """``self``, then ``after``: an item, or a list of items that all follow."""
        return sketch(self).then(after)

    def __rrshift__(self, before: Any) -> Sketch:
        """``before`` (a list), then ``self``."""
        return sketch(before).then(self)


@frozen
class NodeSpec(Composable):
    """One item of a chain or graph, and how it is to be run there; made by :func:`node`."""

    item: Item | Callable[[], Item]
    id: str | None = None
    placement: str | None = None
    fault_handler: Item | Callable[[], Item] | None = None
    supervision: Supervision | None = None

    @property
    def label(self) -> str:
        """What to call it in a message before it has an id."""
        own = getattr(self.item, "item_id", None)
        named = own if isinstance(own, str) else self.id
        return named or getattr(self.item, "__qualname__", None) or repr(self.item)


def node(
    item: Item | Callable[[], Item],
    *,
    id: str | None = None,
    placement: str | None = None,
    fault_handler: Item | Callable[[], Item] | None = None,
    supervision: Supervision | None = None,
) -> NodeSpec:
    """``item`` with options of its own, to be put into a chain or graph.

    They are those of :meth:`Executor.add`; what is ``None`` is as for the whole. Checked when the
    composition is added.
    """
    return NodeSpec(item, id, placement, fault_handler, supervision)


@frozen
class Sketch(Composable):
    """A composition that was written with ``>>`` and not added yet: stages, one after the other."""

    stages: tuple[tuple[Any, ...], ...]

    def then(self, after: Any) -> Sketch:
        """This sketch with another one behind it."""
        return Sketch((*self.stages, *sketch(after).stages))

    @property
    def is_chain(self) -> bool:
        """One item per stage."""
        return all(len(stage) == 1 for stage in self.stages)

    def __repr__(self) -> str:
        shown = (repr(s[0]) if len(s) == 1 else f"[{', '.join(map(repr, s))}]" for s in self.stages)
        return f"<Sketch {' >> '.join(shown)}>"


def sketch(thing: Any) -> Sketch:
    """``thing``, which is part of a ``>>``, as a sketch.

    Raises:
        GraphInvalid: an empty list.
        WrongType: it cannot be part of a composition.
    """
    if isinstance(thing, Sketch):
        return thing
    stage: Sequence[Any] = thing if isinstance(thing, list | tuple) else (thing,)
    if not stage:
        raise GraphInvalid("an empty list in a composition: put at least one item between the >>")
    for part in stage:
        if isinstance(part, Sketch) or not (isinstance(part, Composable) or callable(part)):
            raise WrongType(
                f">> composes items, nodes and lists of them, not {part!r}; for other shapes use "
                "executor.add_graph()"
            )
    return Sketch((tuple(stage),))
