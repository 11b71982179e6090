"""Distributed clocks over SOEM, also of SubDevices that were switched off and on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Bus

pytestmark = [pytest.mark.segment, pytest.mark.rule("SOEM-49")]

MakeBus = Callable[..., Bus]

MS = 1_000_000


def system_times(bus: Bus) -> list[int]:
    """Of each SubDevice in turn, one frame after another, as they are on the wire (0x0910)."""
    return [
        int.from_bytes(bus.driver._master.read_register(one.position, 0x0910, 8), "little")
        for one in bus.found.subdevices
    ]


def spread(bus: Bus) -> int:
    """How far apart they are, at the least of some looks: between two frames others may run."""
    looks = [system_times(bus) for _ in range(20)]
    return min(max(one) - min(one) for one in looks)


def test_all_clocks_have_the_same_time_and_their_delays_rise_along_the_line(
    make_bus: MakeBus,
) -> None:
    bus = make_bus(3, distributed_clocks=True)
    assert bus.cycle(10) == 9
    assert spread(bus) < 20 * MS
    delays = [bus.segment.register(n, 0x0928, 4) for n in (1, 2, 3)]
    assert delays == sorted(set(delays))


@pytest.mark.parametrize("position", [1, 3])
def test_one_that_was_switched_off_and_on_has_the_time_of_the_others_again(
    make_bus: MakeBus, position: int
) -> None:
    bus = make_bus(3, distributed_clocks=True)
    delay = bus.segment.register(position, 0x0928, 4)
    bus.segment.power_cycle(position)
    bus.recover(position)
    assert bus.cycle() == 9
    assert bus.segment.register(position, 0x0928, 4) == delay
    assert spread(bus) < 20 * MS


def test_without_being_asked_for_clocks_are_left_alone(make_bus: MakeBus) -> None:
    bus = make_bus(2)
    bus.segment.power_cycle(2)
    bus.recover(2)
    assert bus.segment.register(2, 0x0920, 8) == 0
