"""The SyncManager watchdog's time in ticks of its registers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors.ethercat.sm_watchdog import SmWatchdog, tick_length, watchdog_for
from taktora.connectors.ethercat.soem_watchdog import set_up_watchdog
from taktora.errors import BusError, InvalidArgument

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


class Fixed:
    """A SubDevice whose watchdog is part of its hardware, which no simulated one has."""

    def write_register(self, position: int, address: int, data: bytes) -> None:
        assert (position, address) in {(3, 0x0400), (3, 0x0420)}

    def read_register(self, position: int, address: int, size: int) -> bytes:
        return {0x0400: b"\xc2\x09", 0x0420: b"\xe8\x03"}[address]


def test_a_subdevice_that_does_not_take_it_is_told_with_what_it_has() -> None:
    set_up_watchdog(Fixed(), 3, watchdog_for(100 * MS))
    with pytest.raises(BusError, match="SubDevice 3 did not take its watchdog of 50 ms") as caught:
        set_up_watchdog(Fixed(), 3, watchdog_for(50 * MS))
    assert "register 0x0420 reads 1000 and not 500; leave out its sm_watchdog" in str(caught.value)
