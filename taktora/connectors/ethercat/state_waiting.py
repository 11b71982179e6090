"""Waiting until SubDevices are in a state that they were asked for, or have refused it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Final

from taktora.connectors.ethercat.bus import AlState, SubDeviceState

__all__ = ["undecided", "until_in"]

_PATIENCE: Final = 2.0
_GRACE: Final = 0.1
_LOOK_EVERY: Final = 0.005


def until_in(
    state: AlState,
    positions: Collection[int],
    look: Callable[[], tuple[SubDeviceState, ...]],
    *,
    patience: float = _PATIENCE,
) -> tuple[SubDeviceState, ...]:
    """``look()`` until all at ``positions`` have decided, or ``patience`` seconds are over; what was
    seen last.
    """
    began = time.monotonic()
    while True:
        found = look()
        passed = time.monotonic() - began
        if passed >= patience or not undecided(state, positions, found, passed):
            return found
        time.sleep(_LOOK_EVERY)


def undecided(
    state: AlState,
    positions: Collection[int],
    found: tuple[SubDeviceState, ...],
    passed: float,
) -> list[SubDeviceState]:
    """Those that may still get there, so many seconds after they were asked. Pure.

    An error within the first 100 ms may be the one of before, which they were to forget.
    """
    return [
        one
        for one in found
        if one.position in positions
        and (one.error or one.state is not state)
        and not (one.error and passed >= _GRACE)
    ]
