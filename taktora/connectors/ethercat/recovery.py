"""How one SubDevice gets back to OP, decided a step at a time. Pure.

A SubDevice that left OP by itself needs an acknowledgement and to be asked again. One that was
switched off and on has lost its address and all settings: it is found by its place on the wire and
set up anew from INIT. Each step is one short thing to do, so that the others keep running in between
(states and their order: ETG.1000.6, 6.4).
"""

from __future__ import annotations

import enum
from typing import Final

from attrs import frozen

from taktora.connectors.ethercat.bus import AlState
from taktora.time import Nanos

__all__ = ["Do", "Recovery", "Seen", "Step"]


class Do(enum.Enum):
    """What is to be done next."""

    FIND = "look for it by its place on the wire, and give it its address"
    ACKNOWLEDGE = "acknowledge its error"
    REQUEST = "ask for a state"
    SET_UP_MAILBOX = "set up its mailbox, then ask for PRE-OP"
    WRITE_OBJECTS = "write its objects, then set up process data and ask for SAFE-OP"
    WAIT = "wait"
    DONE = "nothing: it is in OP"


@frozen
class Seen:
    """What its AL Status said (registers 0x0130 and 0x0134)."""

    state: AlState
    error: bool = False
    al_status: int = 0


@frozen
class Step:
    """One thing to do, with the state that it is about."""

    do: Do
    state: AlState = AlState.NONE
    late: bool = False
    """The step before took too long: begun anew."""


class _Phase(enum.Enum):
    """How far it has come: which state was asked for, or that its objects are being written."""

    NONE = enum.auto()
    INIT = enum.auto()
    PRE_OP = enum.auto()
    WRITING = enum.auto()
    SAFE_OP = enum.auto()
    OP = enum.auto()


_ASKED_FOR: Final = {
    _Phase.INIT: AlState.INIT,
    _Phase.PRE_OP: AlState.PRE_OP,
    _Phase.SAFE_OP: AlState.SAFE_OP,
    _Phase.OP: AlState.OP,
}
"""What may take too long to be reached."""
_LEAVING: Final = {
    _Phase.WRITING: AlState.PRE_OP,
    _Phase.SAFE_OP: AlState.PRE_OP,
    _Phase.OP: AlState.SAFE_OP,
}
"""What it is in, at least, unless it was restarted."""


class Recovery:
    """The way of one SubDevice back to OP.

    Args:
        patience: how long it may take to change its state.
    """

    def __init__(self, patience: Nanos) -> None:
        self._patience = patience
        self._phase = _Phase.NONE
        self._since: Nanos = 0

    def next(self, seen: Seen | None, now: Nanos) -> Step:
        """What to do, given what it says of itself; ``None``: it does not answer at its address."""
        if seen is None:
            self._enter(_Phase.NONE, now)
            return Step(Do.FIND)
        if seen.error:
            self._enter(_Phase.NONE, now)
            return Step(Do.ACKNOWLEDGE, seen.state)
        if seen.state is AlState.OP:
            self._enter(_Phase.NONE, now)
            return Step(Do.DONE, seen.state)
        late = self._phase in _ASKED_FOR and now - self._since > self._patience
        if late or seen.state < _LEAVING.get(self._phase, AlState.NONE):
            self._enter(_Phase.NONE, now)
        step = self._go_on(seen.state, now)
        return Step(step.do, step.state, late)

    def written(self, now: Nanos) -> None:
        """Its objects are written and SAFE-OP was asked for."""
        self._enter(_Phase.SAFE_OP, now)

    def _go_on(self, state: AlState, now: Nanos) -> Step:
        match self._phase, state:
            case (_Phase.NONE, AlState.SAFE_OP) | (_Phase.SAFE_OP, AlState.SAFE_OP):
                self._enter(_Phase.OP, now)
                return Step(Do.REQUEST, AlState.OP)
            case (_Phase.NONE | _Phase.INIT, AlState.INIT):
                self._enter(_Phase.PRE_OP, now)
                return Step(Do.SET_UP_MAILBOX, AlState.PRE_OP)
            case (_Phase.NONE, _):
                self._enter(_Phase.INIT, now)
                return Step(Do.REQUEST, AlState.INIT)
            case (_Phase.PRE_OP | _Phase.WRITING, AlState.PRE_OP):
                self._enter(_Phase.WRITING, now)
                return Step(Do.WRITE_OBJECTS, AlState.SAFE_OP)
        return Step(Do.WAIT, _ASKED_FOR.get(self._phase, AlState.NONE))

    def _enter(self, phase: _Phase, now: Nanos) -> None:
        if phase is not self._phase:
            self._phase, self._since = phase, now
