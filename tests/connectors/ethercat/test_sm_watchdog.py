"""The SyncManager watchdog's time in ticks of its registers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors.ethercat.sm_watchdog import SmWatchdog, tick_length, watchdog_for
from taktora.errors import InvalidArgument

pytestmark = pytest.mark.rule("SOEM-03")

MS = 1_000_000


def test_fifty_milliseconds_are_five_hundred_ticks_of_the_usual_divider() -> None:
    watchdog = watchdog_for(50 * MS)
    assert watchdog == SmWatchdog(divider=2498, ticks=500)
    assert watchdog.registers() == ((0x0400, b"\xc2\x09"), (0x0420, b"\xf4\x01"))
    assert str(watchdog) == "50 ms (500 ticks of 100 us)"


def test_zero_switches_it_off() -> None:
    assert watchdog_for(0).ticks == 0
    assert str(watchdog_for(0)) == "switched off"


@given(st.integers(1, 6_553_500_000), st.integers(0, 0xFFFF))
def test_it_is_never_shorter_than_asked_for_and_less_than_a_tick_longer(
    time: int, divider: int
) -> None:
    tick = tick_length(divider)
    if time > 0xFFFF * tick:
        with pytest.raises(InvalidArgument, match="at most"):
            watchdog_for(time, divider)
        return
    watchdog = watchdog_for(time, divider)
    assert 1 <= watchdog.ticks <= 0xFFFF
    assert time <= watchdog.time < time + tick


@pytest.mark.parametrize("time", [-1, 6_553_500_001])
def test_what_the_registers_cannot_hold_is_refused_and_not_clamped(time: int) -> None:
    with pytest.raises(InvalidArgument):
        watchdog_for(time)
