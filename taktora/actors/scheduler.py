"""The scheduler as an actor: tell it what to change, ask it what there is.

Its mailbox is emptied in the driver's role: by the driver while it runs, else by whoever sends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from taktora.actors.actor import Actor, ActorRef, Entry
from taktora.actors.cell import Cell
from taktora.core.identity import ItemId
from taktora.core.records import Description
from taktora.core.scheduler import Scheduler
from taktora.core.stimuli import ClearFault, Describe, Pause, Remove, Resume, Stimulus
from taktora.errors import UnknownItem, WrongType
from taktora.time import Nanos

__all__ = ["SchedulerActor", "SchedulerCell"]

Report = Callable[[Stimulus], None]


class SchedulerRef(ActorRef["SchedulerActor"]):
    """The scheduler's handle. It answers at rest too: whoever asks then is the driver."""

    def _check_wait(self, timeout: float | None) -> None:
        pass


class SchedulerActor(Actor):
    """Takes ``Pause``, ``Resume``, ``Remove``, ``ClearFault`` and ``Describe``, nothing else."""

    def __init__(self, scheduler: Scheduler, report: Report, name: str) -> None:
        super().__init__()
        self._scheduler = scheduler
        self._report = report
        self._name = name

    def _create_ref(self) -> SchedulerRef:
        return SchedulerRef(self)

    def __str__(self) -> str:
        return f"scheduler of {self._name!r}"

    def on_receive(self, message: Any) -> Description | None:
        """Change what is scheduled, or describe it.

        Raises:
            UnknownItem: no item with that id.
            WrongType: not one of these messages.
        """
        if isinstance(message, Describe):
            return self._scheduler.describe()
        if isinstance(message, Pause | Resume | Remove):
            if not isinstance(message.actor_id, str):
                raise WrongType(
                    f"{type(message).__name__} takes an item id, not {message.actor_id!r}"
                )
            self._report(message)
            return None
        if isinstance(message, ClearFault):
            if not isinstance(message.actor_id, str | None):
                raise WrongType(f"ClearFault takes an item id or None, not {message.actor_id!r}")
            self._report(message)
            return None
        raise WrongType(
            "the scheduler takes Pause(id), Resume(id), Remove(id), ClearFault(id) and Describe(), "
            f"not {message!r}"
        )


class SchedulerCell(Cell):
    """Empties the scheduler's mailbox. A message that cannot be obeyed is a dead letter."""

    __slots__ = ("_in_role",)

    def __init__(
        self, actor: SchedulerActor, in_role: Callable[[Callable[[], None]], None]
    ) -> None:
        super().__init__(actor, ItemId("scheduler"), throughput=1, inline=True)
        self._in_role = in_role
        self.inbox.bell = self._ring

    @property
    def ref(self) -> ActorRef[Any]:
        """The scheduler's ref."""
        return self.actor.actor_ref  # type: ignore[no-any-return]

    def _ring(self) -> None:
        self._in_role(self._empty)

    def _empty(self) -> None:
        while self.inbox.settle():
            self.run()

    def _receive(self, entry: Entry, began: int) -> BaseException | None:
        error = super()._receive(entry, began)
        if isinstance(error, UnknownItem | WrongType):
            self.on_dead_letter(self.actor_id, entry[0], str(error), False)
            return None
        return error

    def _report(self, error: BaseException, overran: Nanos = 0) -> Stimulus:  # noqa: ARG002
        raise error  # a bug of ours: nothing to supervise, and nothing to hide
