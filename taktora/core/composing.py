"""How the scheduler runs chains and graphs.

A chain or graph is an actor: its mailbox merges what wakes it, it is paused, resumed and removed
like any other, and it is active for as long as a run of it lasts, so it is never re-entered. Its
``Execute`` takes what wakes it next and begins a run:

* *walked*: the execution goes through the members itself, in the plan's order, and answers when
  it is through. Nobody else may run a member meanwhile.
* *flown*: it answers ``FlightBegan``, and every member gets a wake-up, hence an ``Execute`` of its
  own, as soon as all its predecessors have answered ``Advanced``.

A run that began is finished also when the executor was asked to stop; none begins then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from taktora.core.commands import Command, Forget, Land, Stop
from taktora.core.flight import Flight
from taktora.core.mailbox import Woke
from taktora.core.records import ActorRecord, Composition, Phase, Wait
from taktora.core.stimuli import Advanced
from taktora.core.triggers import Fired

if TYPE_CHECKING:
    from taktora.core.scheduler import Scheduler

__all__ = ["Composing"]

_NOTHING: Final[tuple[Command, ...]] = ()
_ABSENT: Final = (Phase.STARTING, Phase.SUSPENDED)


class Composing:
    """The part of the scheduler that knows chains and graphs. Called by the scheduler only."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._flying: list[Composition] = []

    # --- who may run ------------------------------------------------------------------------------

    def may_begin(self, composition: Composition) -> bool:
        """Whether a run may begin now; else it is tried again when what is in its way has gone."""
        composition.waits = Wait.NOTHING
        for member in composition.members:
            if member.phase is Phase.IDLE and not member.paused:  # as a rule
                continue
            if member.paused or member.phase in _ABSENT:
                composition.waits = Wait.RETURN
                return False
            if member.phase is Phase.ACTIVE and composition.walked:
                composition.waits = Wait.REST
        return composition.waits is Wait.NOTHING

    def may_execute(self, member: ActorRecord, home: Composition) -> bool:
        """Whether a member with mail may have its ``Execute`` now; held ones get it later."""
        if home.walked and (home.actor.phase is Phase.ACTIVE or home.waits is Wait.REST):
            if member not in home.held:
                home.held.append(member)
            return False
        return self._scheduler.open or member.boarding

    def changed(self, home: Composition) -> list[Command]:
        """A member came to rest, was paused, resumed or built anew: who may run now?"""
        commands: list[Command] = []
        if home.waits is not Wait.NOTHING:
            commands += self._scheduler.activate(home.actor)
        if home.actor.phase is not Phase.ACTIVE and home.waits is not Wait.REST:
            commands += self.release(home)
        return commands

    def paused(self, actor: ActorRecord) -> list[Command]:
        """An actor was paused: a chain or graph, a member, or none of these."""
        commands: list[Command] = []
        if actor.composition is not None and actor.phase is not Phase.ACTIVE:
            actor.composition.waits = Wait.NOTHING
            commands += self.release(actor.composition)
        if actor.home is not None and not self._scheduler.open:
            commands += self.ground()
        if actor.home is not None:  # still: a run that ends may be the end of what it ran in
            commands += self.changed(actor.home)
        return commands

    def release(self, composition: Composition) -> list[Command]:
        """Let the members run that had to wait."""
        held, composition.held = composition.held, []
        commands: list[Command] = []
        for member in held:
            if member.mailbox.settle():
                commands += self._scheduler.activate(member)
        return commands

    # --- a run that is flown ----------------------------------------------------------------------

    def began(self, composition: Composition, fired: tuple[Fired, ...]) -> list[Command]:
        """The root may start."""
        composition.flight = flight = Flight(composition.plan)
        self._flying.append(composition)
        return [*self._board(composition, flight.begin(), fired), *self._land(composition)]

    def advanced(self, member: ActorRecord, stimulus: Advanced) -> list[Command]:
        """A member did its part: its successors may start."""
        home, flight = self._aboard(member)
        commands: list[Command] = []
        for number in flight.done(member.place, stop=stimulus.stop, value=stimulus.value):
            commands += self._board(home, number, home.wake_of(number, flight.values))
        if flight.flying == 0:
            commands += self._land(home)
        return commands

    def failed(self, member: ActorRecord, error: BaseException) -> list[Command]:
        """A member raised in its part of the run: nothing more of it starts."""
        home, flight = self._aboard(member)
        flight.done(member.place, stop=True)
        if home.error is None:
            home.error = error
        return self._land(home)

    def ground(self) -> list[Command]:
        """The executor was asked to stop: who waits for a member that is away waits no more."""
        commands: list[Command] = []
        for composition in self._flying[:]:
            for member in composition.members:
                # One that executes has taken its wake-up: it is under way, not away.
                if member.boarding and _is_away(member) and member.mailbox.withdraw():
                    self._withdraw(member, composition)
            commands += self._land(composition)
        return commands

    def tear_down(self) -> None:
        """The run of the executor is over, in order or not: no flight survives it."""
        for composition in self._flying:
            for member in composition.members:
                if member.boarding:
                    member.boarding = False
                    member.mailbox.withdraw()
            composition.flight = composition.error = None
        self._flying.clear()

    # --- ends -------------------------------------------------------------------------------------

    def lost(self, member: ActorRecord, home: Composition) -> list[Command]:
        """A member is no more: neither is what it belonged to, once its run is over."""
        home.actor.doomed = True
        commands: list[Command] = []
        if home.flight is not None:
            home.flight.cancelled = True
            if member.boarding:
                self._withdraw(member, home)
            commands += self._land(home)
        if home.actor.phase is not Phase.ACTIVE and self._scheduler.knows(home.actor):
            commands += self._scheduler.forget(home.actor, stop=True)
        return commands

    def disband(self, composition: Composition) -> list[Command]:
        """The chain or graph is gone: so are its members, as soon as they are at rest."""
        commands: list[Command] = []
        for member in reversed(composition.members):
            member.home = None
            if not self._scheduler.knows(member):
                continue
            if member.phase is Phase.ACTIVE:
                member.doomed = True
            else:
                commands += self._scheduler.forget(member, stop=True)
        return commands

    # --- helpers ----------------------------------------------------------------------------------

    def _aboard(self, member: ActorRecord) -> tuple[Composition, Flight]:
        """Where a member was that has just done its part."""
        home = member.home
        assert home is not None
        assert home.flight is not None
        member.boarding = False
        return home, home.flight

    def _board(
        self, composition: Composition, number: int, fired: tuple[Fired, ...]
    ) -> tuple[Command, ...]:
        """Let a member start; if it is gone, or away while none may begin, it never started."""
        member = composition.members[number]
        member.boarding = True
        if (
            not self._scheduler.knows(member)
            or (_is_away(member) and not self._scheduler.open)
            or member.mailbox.wake(fired) is Woke.REFUSED
        ):
            self._withdraw(member, composition)
            return _NOTHING
        return self._scheduler.activate(member)

    def _withdraw(self, member: ActorRecord, composition: Composition) -> None:
        assert composition.flight is not None
        member.boarding = False
        member.mailbox.withdraw()
        composition.flight.withdraw(member.place)

    def _land(self, composition: Composition) -> list[Command]:
        """End the run if it is over."""
        flight = composition.flight
        if flight is None or not flight.over:
            return []
        self._flying.remove(composition)
        error, composition.flight, composition.error = composition.error, None, None
        ids = composition.plan.ids
        land = Land(
            composition.actor.spec.actor_id,
            tuple(ids[number] for number in flight.left_out),
            tuple(flight.values[number] for number in composition.plan.sinks),
            error,
        )
        return [land, *self._scheduler.at_rest(composition.actor)]


def _is_away(member: ActorRecord) -> bool:
    return member.paused or member.phase in _ABSENT


def farewell(actor_id: str, *, stop: bool) -> Command:
    """The last command about an actor: ``Stop`` it, or ``Forget`` one that stopped by itself."""
    return Stop(actor_id) if stop else Forget(actor_id)
