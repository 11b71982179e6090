"""A gate in front of an item: it runs only while a predicate holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from taktora.actors.declare import TriggerDeclarer
from taktora.actors.flow import ControlFlow
from taktora.actors.hooks import checked_predicate
from taktora.actors.item import Item, adapt
from taktora.errors import WrongType

if TYPE_CHECKING:
    from taktora.actors.context import Context

__all__ = ["ConditionalItem", "conditional"]


def conditional(
    item: Item,
    predicate: Callable[..., object],
    otherwise: ControlFlow = ControlFlow.STOP_CHAIN,
) -> ConditionalItem:
    """``item`` behind a gate: where ``predicate()`` is false, ``execute`` is skipped.

    The result is then ``otherwise``: ``STOP_CHAIN`` ends the run of a chain or graph there,
    ``CONTINUE`` leaves just this item out. In everything else the gate is the item: its triggers,
    ids, hooks, messages. Add the gate, not the item.

    Args:
        item: what is gated.
        predicate: ``predicate()`` or ``predicate(ctx)``, called before each execution on the
            thread that executes. When it raises, the item fails.
        otherwise: the result where ``predicate()`` is false.

    Raises:
        WrongType: not an item, not a function of at most the context, not a ``ControlFlow``.
    """
    return ConditionalItem(item, predicate, otherwise)


class ConditionalItem(Item):
    """An item that runs another one only where a predicate holds; see :func:`conditional`."""

    def __init__(
        self, item: Item, predicate: Callable[..., object], otherwise: ControlFlow
    ) -> None:
        if not isinstance(item, Item):
            raise WrongType(f"conditional takes an Item, not {item!r}")
        if not isinstance(otherwise, ControlFlow):
            raise WrongType(f"otherwise must be a ControlFlow, not {otherwise!r}")
        self._holds = checked_predicate(predicate)
        self._execute = adapt(item.execute)
        self._otherwise = otherwise
        self.item = self.__wrapped__ = item
        """The item behind the gate."""

    @property
    def item_id(self) -> str | None:
        """The item's."""
        return self.item.item_id

    @item_id.setter
    def item_id(self, value: str | None) -> None:
        self.item.item_id = value

    @property
    def app_id(self) -> int | None:
        """The item's."""
        return self.item.app_id

    @app_id.setter
    def app_id(self, value: int | None) -> None:
        self.item.app_id = value

    @property
    def app_instance_id(self) -> int | None:
        """The item's."""
        return self.item.app_instance_id

    @app_instance_id.setter
    def app_instance_id(self, value: int | None) -> None:
        self.item.app_instance_id = value

    @property
    def publishes(self) -> tuple[Any, ...] | None:
        """The item's."""
        return self.item.publishes

    @publishes.setter
    def publishes(self, value: tuple[Any, ...] | None) -> None:
        self.item.publishes = value

    @property
    def reset(self) -> Callable[[], object]:
        """The item's, if it has one: a restart in place needs it."""
        return self.item.reset  # type: ignore[attr-defined,no-any-return]

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        """As the item's."""
        self.item.declare_triggers(on)

    def execute(self, ctx: Context) -> ControlFlow | None:
        """Run the item where the predicate holds."""
        return self._execute(ctx) if self._holds(ctx) else self._otherwise

    def on_receive(self, message: Any, ctx: Context) -> Any:
        """As the item's; when that executes (the default does), then through the gate."""
        return self.item.on_receive(message, ctx)

    def on_start(self) -> None:
        """As the item's."""
        self.item.on_start()

    def on_stop(self) -> None:
        """As the item's."""
        self.item.on_stop()

    def on_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: Any,
    ) -> None:
        """As the item's."""
        self.item.on_failure(exception_type, exception_value, traceback)

    def __repr__(self) -> str:
        return f"<conditional {self.item!r}>"
