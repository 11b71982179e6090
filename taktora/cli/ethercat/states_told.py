"""States of SubDevices on standard output: a table once, then each change."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Final

from taktora.cli.ethercat.tables import table
from taktora.cli.saying import say
from taktora.connectors.ethercat.bus import AlState, SubDeviceState
from taktora.connectors.ethercat.subdevice_states import in_words

if TYPE_CHECKING:
    from taktora.cli.ending import Ending
    from taktora.connectors.ethercat.bus_browser import BusBrowser

__all__ = ["Telling", "Time", "as_table", "changes"]

_LOOK_EVERY: Final = 0.1
_PATIENCE: Final = 2.0
"""Seconds after which those that are not in OP are told as they are."""


class Time:
    """How long to go on: so many seconds, or until somebody asks for the end."""

    def __init__(self, limit: float | None, ending: Ending) -> None:
        self.began = time.monotonic()
        self._limit = limit
        self._over = threading.Event()
        ending.stop = self._over.set

    @property
    def passed(self) -> float:
        """Seconds."""
        return time.monotonic() - self.began

    @property
    def goes_on(self) -> bool:
        """Whether it is not over."""
        return not self._over.is_set() and (self._limit is None or self.passed < self._limit)

    def wait(self, duration: float) -> bool:
        """So many seconds, or until it is over; whether it goes on."""
        left = duration if self._limit is None else min(duration, self._limit - self.passed)
        self._over.wait(max(left, 0))
        return self.goes_on


class Telling:
    """Says what there is, and then what changes. One thread.

    Args:
        found: at the beginning; said at once unless there are none.
        as_json: for programs: a list, then a line for each change.
    """

    def __init__(self, found: Sequence[SubDeviceState], *, as_json: bool) -> None:
        self._json = as_json
        self._known: dict[int, SubDeviceState] = {}
        self._complete(found)

    def follow(self, look: Callable[[], Sequence[SubDeviceState]], until: Time) -> None:
        """Look ten times a second, and say each change."""
        while until.wait(_LOOK_EVERY):
            self._changed(look(), until.passed)

    def hold(
        self,
        bus: BusBrowser,
        positions: Collection[int],
        ready: Collection[int],
        until: Time,
    ) -> tuple[SubDeviceState, ...]:
        """Take those that are ``ready``, in SAFE-OP, to OP, and keep them there; tell all at
        ``positions``. How they were at the end, before they were let go.
        """
        due = 0.0
        last: tuple[SubDeviceState, ...] = ()

        def go_on() -> bool:
            nonlocal due, last
            if until.passed >= due:
                due = until.passed + _LOOK_EVERY
                last = tuple(one for one in bus.states() if one.position in positions)
                if self._known:
                    self._changed(last, until.passed)
                elif (
                    all(one.is_op for one in last if one.position in ready)
                    or until.passed > _PATIENCE
                ):
                    self._complete(last)
                for one in last:
                    if one.error and one.position in ready and one.state is AlState.SAFE_OP:
                        bus.ask_again(one)
            return until.goes_on

        bus.operate(ready, go_on)
        if not self._known:  # it was too short for all to get there
            self._complete(last)
        return last

    def _complete(self, found: Sequence[SubDeviceState]) -> None:
        self._known = {one.position: one for one in found}
        if found:
            say(json.dumps([_facts(one) for one in found]) if self._json else as_table(found))
            sys.stdout.flush()

    def _changed(self, found: Sequence[SubDeviceState], passed: float) -> None:
        for one in changes(self._known, found):
            self._known[one.position] = one
            if self._json:
                say(json.dumps({"time": round(passed, 3), **_facts(one)}))
            else:
                say(f"{passed:8.1f} s  SubDevice {one.position} {in_words(one)}")
            sys.stdout.flush()


def changes(
    known: dict[int, SubDeviceState], found: Sequence[SubDeviceState]
) -> list[SubDeviceState]:
    """Those of the ``known`` positions that are not as they were; who is missing does not answer. Pure."""
    now = {one.position: one for one in found}
    latest = [now.get(at, SubDeviceState(at, AlState.NONE)) for at in known]
    return [one for one in latest if one != known[one.position]]


def as_table(found: Sequence[SubDeviceState]) -> str:
    """A line for each."""
    rows = [(str(one.position), one.state.label, _why(one)) for one in found]
    if not any(why for _, _, why in rows):
        return table(("#", "state"), [row[:2] for row in rows], right=(0,))
    return table(("#", "state", "error"), rows, right=(0,))


def _why(one: SubDeviceState) -> str:
    if one.state is AlState.NONE:
        return "it does not answer"
    if not one.error:
        return ""
    return f"{one.text or 'it does not say why'} (AL status code 0x{one.al_status:04X})"


def _facts(one: SubDeviceState) -> dict[str, object]:
    return {
        "position": one.position,
        "state": one.state.label,
        "error": one.error,
        "al_status": one.al_status,
        "al_status_text": one.text,
    }
