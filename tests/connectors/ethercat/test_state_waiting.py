"""Waiting for states: who may still get there, and who has decided."""

from __future__ import annotations

import pytest

from taktora.connectors.ethercat.bus import AlState, SubDeviceState
from taktora.connectors.ethercat.state_waiting import undecided, until_in

SAFE_OP = AlState.SAFE_OP


def one(position: int, state: AlState, *, error: bool = False) -> SubDeviceState:
    return SubDeviceState(position, state, error)


@pytest.mark.rule("TOOL-47")
def test_who_is_there_or_has_refused_has_decided_and_others_do_not_matter() -> None:
    found = (one(1, SAFE_OP), one(2, AlState.PRE_OP), one(3, AlState.PRE_OP, error=True))
    assert undecided(SAFE_OP, [1], found, 0.0) == []
    assert undecided(SAFE_OP, [1, 2], found, 5.0) == [found[1]]
    assert undecided(SAFE_OP, [1, 3], found, 0.2) == []


@pytest.mark.rule("TOOL-47")
def test_an_error_right_after_the_request_may_be_older_than_it() -> None:
    stale = one(1, SAFE_OP, error=True)
    assert undecided(SAFE_OP, [1], (stale,), 0.01) == [stale]
    assert undecided(SAFE_OP, [1], (stale,), 0.2) == []


@pytest.mark.rule("TOOL-47")
def test_it_looks_until_all_have_decided_or_time_is_up() -> None:
    looks = iter([(one(1, AlState.PRE_OP),), (one(1, SAFE_OP, error=True),), (one(1, SAFE_OP),)])
    assert until_in(SAFE_OP, [1], lambda: next(looks)) == (one(1, SAFE_OP),)
    assert until_in(SAFE_OP, [1], lambda: (one(1, AlState.INIT),), patience=0.01) == (
        one(1, AlState.INIT),
    )
