"""What a bus is called, from its working counters and state sweeps: the rules against their wording."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors.ethercat.al_status import AL_STATUS, al_status_text
from taktora.connectors.ethercat.bus import LOST, AlState, SubDeviceState
from taktora.connectors.ethercat.bus_health import BusHealth
from taktora.connectors.health import Degraded, Down, Up

EXPECTED = 9
OP, SAFE_OP = AlState.OP, AlState.SAFE_OP
Sweep = tuple[SubDeviceState, ...]


def sweep(*fallen: int, of: int = 3) -> Sweep:
    return tuple(
        SubDeviceState(n, SAFE_OP, error=True, al_status=0x1B)
        if n in fallen
        else SubDeviceState(n, OP)
        for n in range(1, of + 1)
    )


def named(position: int) -> str:
    return {1: "SubDevice 1 (pump)", 2: "SubDevice 2 (axis)"}.get(position, f"SubDevice {position}")


def fed(*facts: int | Sweep, tolerance: int = 3, lost_frames: int = 50) -> BusHealth:
    health = BusHealth(EXPECTED, tolerance=tolerance, lost_frames=lost_frames, label=named)
    for one in facts:
        if isinstance(one, int):
            health.exchanged(one)
        else:
            health.swept(one)
    return health


facts = st.lists(
    st.sampled_from([EXPECTED, EXPECTED, LOST, LOST, 6, 0, 12])
    | st.sets(st.integers(1, 3)).map(lambda fallen: sweep(*fallen)),
    max_size=60,
)


def trailing(cycles: Sequence[int], *, lost_only: bool = False) -> int:
    """How many at the end are bad, or lost."""
    number = 0
    for one in reversed(cycles):
        if one == LOST if lost_only else one != EXPECTED:
            number += 1
        else:
            break
    return number


@pytest.mark.rule("ECAT-20", "ECAT-21", "ECAT-22", "ECAT-23", "ECAT-26")
@given(facts, st.integers(0, 4), st.integers(1, 6))
def test_a_bus_is_called_what_the_rules_say(history: list[int | Sweep], tolerance: int, more: int):
    lost_frames = tolerance + more
    health = fed(tolerance=tolerance, lost_frames=lost_frames)
    cycles: list[int] = []
    not_op: tuple[int, ...] = ()
    before: type | None = None
    for one in history:
        if isinstance(one, int):
            cycles.append(one)
            health.exchanged(one)
        else:
            not_op = tuple(its.position for its in one if not its.is_op)
            health.swept(one)
        bad = trailing(cycles)
        if trailing(cycles, lost_only=True) >= lost_frames:
            expected: type | None = Down
        elif not_op or bad > tolerance:
            expected = Degraded
        elif cycles and bad == 0:
            expected = Up
        else:
            expected = before
        found = None if health.verdict is None else type(health.verdict)
        assert found is expected
        assert health.to_recover == not_op
        assert (health.bad, health.lost) == (bad, trailing(cycles, lost_only=True))
        before = expected


@pytest.mark.rule("ECAT-25")
@given(facts)
def test_a_verdict_is_another_object_only_when_it_says_something_else(history: list[int | Sweep]):
    health = fed(lost_frames=5)
    for one in history:
        before = health.verdict
        health.exchanged(one) if isinstance(one, int) else health.swept(one)
        if health.verdict is not before:
            assert (type(health.verdict), getattr(health.verdict, "reason", "")) != (
                type(before),
                getattr(before, "reason", ""),
            )


@pytest.mark.rule("ECAT-25")
@pytest.mark.parametrize("bad", [[6], [6, 0, 12], [LOST], [6, LOST]])
def test_as_long_as_it_stays_bad_in_the_same_way_nothing_new_is_said(bad: list[int]):
    health = fed(EXPECTED, *[6] * 4)
    degraded = health.verdict
    assert isinstance(degraded, Degraded)
    for wkc in bad * 10:
        health.exchanged(wkc)
        assert health.verdict is degraded
    health = fed(EXPECTED, *[LOST] * 50)
    down = health.verdict
    health.exchanged(LOST)
    health.swept(sweep(1))
    assert health.verdict is down


@pytest.mark.rule("ECAT-20")
def test_a_full_counter_alone_does_not_prove_op():
    health = fed(EXPECTED, sweep(2), EXPECTED, EXPECTED)
    assert isinstance(health.verdict, Degraded)
    assert health.to_recover == (2,)
    health.swept(sweep())
    assert health.verdict == Up()
    assert health.to_recover == ()


@pytest.mark.rule("ECAT-20")
def test_op_with_an_error_is_not_op():
    health = fed(EXPECTED, (SubDeviceState(1, OP, error=True, al_status=0x2C),))
    assert health.verdict == Degraded(
        "SubDevice 1 (pump) is in OP: 0x002C fatal synchronisation error"
    )


@pytest.mark.rule("ECAT-21")
def test_tolerated_bad_cycles_change_nothing_and_one_more_degrades():
    assert fed(EXPECTED, 6, LOST, 6).verdict == Up()
    found = fed(EXPECTED, 6, LOST, 6, 6).verdict
    assert found == Degraded("the working counter is 6, and should be 9 (4 bad cycles in a row)")
    assert fed(EXPECTED, 6, LOST, 6, EXPECTED, 6, 6, 6).verdict == Up()
    assert fed(EXPECTED, *[LOST] * 4).verdict == Degraded(
        "no frame came back (4 bad cycles in a row)"
    )
    assert fed(EXPECTED, 12, tolerance=0).verdict == Degraded(
        "the working counter is 12, and should be 9 (1 bad cycle in a row)"
    )


@pytest.mark.rule("ECAT-22")
def test_so_many_lost_in_a_row_are_down_and_one_that_came_back_counts_from_none():
    assert isinstance(fed(EXPECTED, *[LOST] * 49).verdict, Degraded)
    found = fed(EXPECTED, *[LOST] * 50).verdict
    assert isinstance(found, Down)
    assert found.reason == (
        "50 frames in a row did not come back; is the cable in, and SubDevice 1 (pump) on?"
    )
    assert isinstance(fed(EXPECTED, *[LOST] * 49, 6, *[LOST] * 49).verdict, Degraded)


@pytest.mark.rule("ECAT-23")
def test_nothing_is_said_before_the_first_good_cycle():
    assert fed().verdict is None
    assert fed(sweep()).verdict is None
    assert fed(6, 6, 6).verdict is None
    assert isinstance(fed(6, 6, 6, 6).verdict, Degraded)
    assert isinstance(fed(sweep(1)).verdict, Degraded)
    assert fed(6, EXPECTED).verdict == Up()


@pytest.mark.rule("ECAT-24")
def test_the_first_short_counter_since_a_good_cycle_asks_for_a_sweep():
    assert not fed(EXPECTED).wants_sweep
    assert not fed(EXPECTED, LOST, LOST).wants_sweep
    health = fed(EXPECTED, LOST, 6)
    assert health.wants_sweep
    health.swept(sweep())
    assert not health.wants_sweep
    health.exchanged(6)
    health.exchanged(LOST)
    health.exchanged(6)
    assert not health.wants_sweep
    health.exchanged(EXPECTED)
    health.exchanged(6)
    assert health.wants_sweep


@pytest.mark.rule("ECAT-25")
def test_a_reason_names_three_subdevices_and_says_how_many_more():
    states = (
        SubDeviceState(1, OP),
        SubDeviceState(2, SAFE_OP, error=True, al_status=0x1B),
        SubDeviceState(3, AlState.NONE),
        SubDeviceState(4, AlState.PRE_OP),
        SubDeviceState(5, AlState.INIT, error=True),
        SubDeviceState(6, AlState.INIT, error=True, al_status=0x8001, text="its own words"),
    )
    found = fed(states).verdict
    assert found == Degraded(
        "SubDevice 2 (axis) is in SAFE-OP: 0x001B SyncManager watchdog: no outputs came in time; "
        "SubDevice 3 does not answer; SubDevice 4 is in PRE-OP; and 2 more"
    )
    found = fed(states[4:]).verdict
    assert found == Degraded(
        "SubDevice 5 is in INIT, with an error; SubDevice 6 is in INIT: 0x8001 its own words"
    )


@pytest.mark.rule("ECAT-27")
def test_status_codes_have_words():
    assert al_status_text(0) == ""
    assert al_status_text(0x1D) == "output SyncManager is not set up as its PDOs are mapped"
    assert al_status_text(0x42) == "EoE mailbox error"
    assert al_status_text(0x43) == "CoE mailbox error"
    assert al_status_text(0x7FFF) == "a code that ETG.1020 does not list"
    assert al_status_text(0x8000) == "an error of its maker's own"
    assert len(set(AL_STATUS.values())) == len(AL_STATUS)
    assert all(text and text == text.strip() and text.isprintable() for text in AL_STATUS.values())
