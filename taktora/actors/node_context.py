"""The context of a node's part in a run of its chain or graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taktora.actors.context import Context
from taktora.core.triggers import Fired
from taktora.time import Nanos

if TYPE_CHECKING:
    from taktora.actors.items import ItemActor

__all__ = ["NodeContext", "WalkContext", "input_of"]


def input_of(fired: tuple[Fired, ...]) -> Any:
    """What a node finds as ``ctx.input`` when it was woken by ``fired``."""
    if fired[0].kind == "message":
        return fired[0].source
    values = tuple(one.value for one in fired if one.kind == "predecessor")
    return values[0] if len(values) == 1 else values or None


class NodeContext(Context):
    """Knows what came in, and takes down what goes out."""

    __slots__ = ("_input", "emitted")

    in_run = True

    def __init__(
        self, actor: ItemActor, triggers: tuple[Fired, ...], now_ns: Nanos, value: Any
    ) -> None:
        self._actor = actor
        self.triggers = triggers
        self.now_ns = now_ns
        self._input = value
        self.emitted: Any = None

    @property
    def input(self) -> Any:
        """What the nodes before emitted."""
        return self._input

    def emit(self, value: Any) -> None:
        """Hand ``value`` to the nodes that follow."""
        self.emitted = value


class WalkContext(NodeContext):
    """One whose triggers are made only when somebody looks at them."""

    __slots__ = ("_before",)

    def __init__(
        self, actor: ItemActor, before: tuple[str, ...], now_ns: Nanos, value: Any
    ) -> None:
        self._actor = actor
        self._before = before
        self.now_ns = now_ns
        self._input = value
        self.emitted = None

    def __getattr__(self, name: str) -> Any:
        if name != "triggers":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        before, value = self._before, self._input
        values = value if len(before) > 1 else (value,)
        self.triggers = tuple(
            Fired("predecessor", node, value=emitted)
            for node, emitted in zip(before, values, strict=True)
        )
        return self.triggers
