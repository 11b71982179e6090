"""The runs of one chain or graph: who may start, who must, and when a run is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from taktora.core.mailbox import Woke
from taktora.core.plan import Plan
from taktora.testing.mail import Asked, Mail

__all__ = ["Edges", "Node"]


class Node(Protocol):
    """A member, or the chain or graph itself, as the books know it."""

    @property
    def actor_id(self) -> str:
        """Its id."""

    @property
    def mail(self) -> Mail:
        """The books of its mailbox."""

    @property
    def running(self) -> bool:
        """It is executing."""

    @property
    def outstanding(self) -> bool:
        """It was told to execute, and has not answered."""

    @property
    def gone(self) -> bool:
        """It has ended."""

    @property
    def idle_for_good(self) -> bool:
        """It is paused, starting, or to be built anew: it cannot run now."""


class Edges:
    """Watches one chain or graph."""

    def __init__(
        self,
        front: Node,
        members: Sequence[Node],
        plan: Plan,
        broken: Callable[[str, str], None],
        *,
        walked: bool,
    ) -> None:
        self.front = front
        self.members = members
        self.walked = walked
        self._plan = plan
        self._broken_law = broken
        self._number = {one.actor_id: number for number, one in enumerate(members)}
        self._by_mail = {id(one.mail): number for number, one in enumerate(members)}
        self.under_way = False
        """A run has begun and is not over."""
        self._cut = False
        """Nothing more of this run may start."""
        self._started: set[int] = set()
        self._entered: set[int] = set()
        self._done: set[int] = set()

    # --- a run as a whole ---------------------------------------------------------------------------

    def begin(self) -> None:
        """A run begins."""
        if self.under_way:
            self._broken("SIM-13", "begins a run before the one before it is over")
        self.under_way = True
        self._cut = False
        self._started.clear()
        self._entered.clear()
        self._done.clear()

    def walked_through(self) -> None:
        """An execution that goes through the members is over."""
        if self.walked:
            self.under_way = False

    def land(self, left_out: tuple[str, ...]) -> None:
        """The scheduler says that a run that was flown is over."""
        if not self.under_way:
            self._broken("SIM-13", "ends a run that had not begun")
            return
        for number in sorted(self._started - self._done):
            self._broken("SIM-13", f"ends a run while {self._name(number)} is still part of it")
        never = tuple(
            self._plan.ids[number] for number in self._plan.order if number not in self._started
        )
        if never != left_out:
            self._broken("SIM-12", f"says that {left_out} were left out, but {never} were")
        if never and not self._cut:
            self._broken("SIM-12", f"left out {', '.join(map(repr, never))} for no reason")
        self.under_way = False

    def tear_down(self) -> None:
        """The run of the executor is over."""
        self.under_way = False

    def cut(self) -> None:
        """Nothing more of this run starts."""
        self._cut = True

    # --- a member, as the scheduler has it ------------------------------------------------------------

    def boarded(self, asked: Sequence[Asked], *, is_open: bool) -> None:
        """The scheduler let these start; all that can must be among them.

        After a stop (not ``is_open``) nobody waits for a member that is away.
        """
        for mail, _, result in asked:
            number = self._by_mail.get(id(mail))
            if number is None:
                self._broken("SIM-05", f"woke {mail.actor_id!r}, which is no part of it")
                continue
            self._check_start(number)
            if result is Woke.REFUSED:
                self._cut = True
            else:
                self._started.add(number)
        for number in self._ready():
            member = self.members[number]
            if member.gone or (member.idle_for_good and not is_open):
                self._cut = True
            else:
                self._broken(
                    "SIM-12", f"does not let {self._name(number)} start: all before it are done"
                )

    def withdrawn(self, mail: Mail) -> None:
        """A member that was to start does not, after all."""
        number = self._by_mail.get(id(mail))
        if number is not None and self.under_way:
            self._started.discard(number)
            self._cut = True

    def may_go_on(self, member: Node) -> bool:
        """Whether ``member`` may execute although nothing may begin any more."""
        number = self._number.get(member.actor_id)
        return self.under_way and number in self._started and number not in self._done

    def done(self, member: Node, *, stop: bool) -> None:
        """A member did its part."""
        number = self._number[member.actor_id]
        if number not in self._started:
            self._broken("SIM-11", f"heard from {self._name(number)}, which was not to start")
        self._done.add(number)
        self._cut = self._cut or stop

    def stuck(self) -> str | None:
        """What is wrong with a run that does not go on while everything is at rest."""
        if not self.under_way or self.front.running:
            return None
        waiting = [self.members[number] for number in self._started - self._done]
        if any(one.running or one.idle_for_good for one in waiting):
            return None
        if not waiting:
            return "nobody is part of it any more, and it is not over"
        return f"{waiting[0].actor_id!r} is part of it and does not run"

    def _ready(self) -> list[int]:
        if self._cut:
            return []
        return [
            number
            for number, before in enumerate(self._plan.predecessors)
            if number not in self._started and self._done.issuperset(before)
        ]

    # --- a member, as its code sees it ------------------------------------------------------------------

    def enter(self, item_id: str) -> None:
        """The code of a member begins its part of a run."""
        number = self._number[item_id]
        if self.walked:
            if not self.under_way:
                self.begin()
            self._check_start(number)
            self._started.add(number)
        elif number not in self._started:
            self._broken("SIM-11", f"runs {self._name(number)}, which was not to start")
        if number in self._entered:
            self._broken("SIM-11", f"runs {self._name(number)} twice in one run")
        self._entered.add(number)

    def left(self, item_id: str, *, stop: bool) -> None:
        """It is through; ``stop``: it raised, or wants nothing to follow."""
        if self.walked:
            self._done.add(self._number[item_id])
            self._cut = self._cut or stop

    def _check_start(self, number: int) -> None:
        name = self._name(number)
        if not self.under_way:
            self._broken("SIM-13", f"lets {name} start outside of a run")
        missing = [at for at in self._plan.predecessors[number] if at not in self._done]
        if missing:
            self._broken("SIM-11", f"lets {name} start before {self._name(missing[0])} is done")
        if self._cut:
            self._broken("SIM-12", f"lets {name} start after the run was stopped")
        if number in self._started:
            self._broken("SIM-11", f"lets {name} start twice in one run")

    def _name(self, number: int) -> str:
        return repr(self._plan.ids[number])

    def _broken(self, law: str, message: str) -> None:
        self._broken_law(law, f"{self._plan.kind} {self.front.actor_id!r} {message}")
