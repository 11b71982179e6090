"""The state machine of a drive against the table of transitions in CiA 402-2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.segment.cia402 import Command, DriveState, command_of, settle, status_bits, step

S = DriveState
SOD, RTSO, SO, OE = (
    S.SWITCH_ON_DISABLED, S.READY_TO_SWITCH_ON, S.SWITCHED_ON, S.OPERATION_ENABLED,
)  # fmt: skip
QSA, FRA, FAULT = S.QUICK_STOP_ACTIVE, S.FAULT_REACTION_ACTIVE, S.FAULT

SHUTDOWN, SWITCH_ON, ENABLE, NO_VOLTAGE, STOP = 0x06, 0x07, 0x0F, 0x00, 0x02

TABLE = {
    2: (SOD, SHUTDOWN, RTSO),
    3: (RTSO, SWITCH_ON, SO),
    4: (SO, ENABLE, OE),
    5: (OE, SWITCH_ON, SO),
    6: (SO, SHUTDOWN, RTSO),
    7: (RTSO, NO_VOLTAGE, SOD),
    8: (OE, SHUTDOWN, RTSO),
    9: (OE, NO_VOLTAGE, SOD),
    10: (SO, NO_VOLTAGE, SOD),
    11: (OE, STOP, QSA),
    12: (QSA, NO_VOLTAGE, SOD),
    15: (FAULT, 0x80, SOD),
}
"""By the number of the transition: from, control word, to."""


@pytest.mark.rule("TERM-20")
@pytest.mark.parametrize("number", TABLE)
def test_each_transition_of_the_standard(number: int):
    state, control, after = TABLE[number]
    assert step(state, command_of(control, 0)) is after


@pytest.mark.rule("TERM-20")
@pytest.mark.parametrize("state", [RTSO, SO])
def test_a_quick_stop_before_operation_disables(state: DriveState):
    assert step(state, command_of(STOP, 0)) is SOD


@pytest.mark.rule("TERM-20")
def test_enable_operation_leads_through_switched_on():
    assert step(RTSO, command_of(ENABLE, 0)) is SO
    assert step(SO, command_of(ENABLE, ENABLE)) is OE


def expected(state: DriveState, control: int, before: int, stays: bool) -> DriveState:
    """By masks, as the standard writes control words, and not by the names of commands."""
    if control & 0x80:
        return SOD if state is FAULT and not before & 0x80 else state

    def asks(mask: int, bits: int) -> bool:
        return control & mask == bits

    if state in (RTSO, SO, OE, QSA) and asks(0x02, 0x00):
        return SOD
    if state in (RTSO, SO) and asks(0x06, 0x02):
        return SOD
    if state is OE and asks(0x06, 0x02):
        return QSA
    if state in (SOD, SO, OE) and asks(0x07, 0x06):
        return RTSO
    if state is RTSO and asks(0x07, 0x07):
        return SO
    if state is OE and asks(0x0F, 0x07):
        return SO
    if state is SO and asks(0x0F, 0x0F):
        return OE
    if state is QSA and asks(0x0F, 0x0F) and stays:
        return OE
    return state


@pytest.mark.rule("TERM-20")
@given(
    state=st.sampled_from(DriveState),
    control=st.integers(0, 0xFFFF),
    before=st.integers(0, 0xFFFF),
    stays=st.booleans(),
)
def test_any_control_word_in_any_state_does_what_the_table_says_and_nothing_else(
    state: DriveState, control: int, before: int, stays: bool
):
    command = command_of(control, before)
    assert step(state, command, stays_in_quick_stop=stays) is expected(
        state, control, before, stays
    )


@pytest.mark.rule("TERM-20")
@pytest.mark.parametrize("state", DriveState)
@pytest.mark.parametrize("stands", [True, False])
@pytest.mark.parametrize("stays", [True, False])
def test_what_happens_by_itself(state: DriveState, stands: bool, stays: bool):
    after = {S.NOT_READY: SOD}
    if stands:
        after[FRA] = FAULT
        if not stays:
            after[QSA] = SOD
    assert settle(state, stands=stands, stays_in_quick_stop=stays) is after.get(state, state)


@pytest.mark.rule("TERM-21")
@pytest.mark.parametrize(
    ("state", "mask", "bits"),
    [
        (S.NOT_READY, 0x4F, 0x00),
        (SOD, 0x4F, 0x40),
        (RTSO, 0x6F, 0x21),
        (SO, 0x6F, 0x23),
        (OE, 0x6F, 0x27),
        (QSA, 0x6F, 0x07),
        (FRA, 0x4F, 0x0F),
        (FAULT, 0x4F, 0x08),
    ],
)
def test_the_status_word_tells_the_states_apart_by_the_masks_of_the_standard(
    state: DriveState, mask: int, bits: int
):
    assert status_bits(state) & mask == bits
    assert status_bits(state) & 0x10


@pytest.mark.rule("TERM-22")
def test_only_a_rise_of_bit_7_resets_a_fault():
    assert command_of(0x80, 0) is Command.FAULT_RESET
    assert command_of(0x80, 0x80) is Command.NONE
    assert command_of(0x8F, 0x80) is Command.NONE
    assert step(FRA, Command.FAULT_RESET) is FRA
