"""Each fault leads to the stated health, and back to Up, with nothing restarted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from taktora.connectors import BackPressure, ConnectorDown
from taktora.connectors.ethercat import SubDeviceMap
from taktora.errors import BusError

from .line import LAMPS, LIMIT, LOOP, Line, eventually, refused

pytestmark = pytest.mark.segment

PATIENT = tuple(SubDeviceMap(position, sm_watchdog=5) for position in (1, 2, 3))
"""Watchdogs that do not bite when the machine is busy."""


def exchanges(line: Line, writer: Any, reader: Any, value: int) -> None:
    """A value goes to the bus and comes back."""

    def sent() -> bool:
        try:
            return bool(writer.send(value).sent)
        except (ConnectorDown, BackPressure):
            return False

    eventually(sent, "a value is accepted")
    line.gets(reader, value)


@pytest.mark.rule("LINE-10")
@pytest.mark.parametrize("rate", [0.01, 0.05])
def test_lost_frames_are_counted_and_values_arrive(rate: float, domain: str) -> None:
    with Line(domain, [LOOP, LOOP, LOOP], maps=PATIENT) as line:
        writer, reader = line.writer("a", 2, 0, 32), line.reader("b", 2, 0, 32)
        line.up()
        line.segment.fault("frame-loss", rate=rate)
        for value in range(1, 100):
            exchanges(line, writer, reader, value)
        assert line.counted(lambda it: it.lost_frames > 5).cycles > 100
        assert "Down" not in line.follow()
        line.segment.heal()
        eventually(lambda: line.bus.health.__class__.__name__ == "Up", "up")


@pytest.mark.rule("LINE-11")
@pytest.mark.parametrize(("lasts", "down"), [("50 ms", False), ("1 s", True), ("10 s", True)])
def test_a_cable_that_is_out_comes_back(lasts: str, down: bool, domain: str) -> None:
    with Line(domain, [LOOP, LOOP, LOOP], maps=PATIENT, frame_timeout=0.002) as line:
        writer, reader = line.writer("a", 3, 0, 32), line.reader("b", 3, 0, 32)
        line.up()
        exchanges(line, writer, reader, 1)
        line.segment.fault("cable-out", subdevice=1, lasts=lasts)
        line.until(*(["Down", "Connecting", "Up"] if down else ["Degraded", "Up"]))
        exchanges(line, writer, reader, 2)


@pytest.mark.rule("LINE-12")
def test_a_link_that_is_unplugged_comes_back(domain: str) -> None:
    with Line(domain, [LOOP], maps=PATIENT[:1]) as line:
        writer, reader = line.writer("a", 1, 0, 32), line.reader("b", 1, 0, 32)
        line.up()
        line.segment.unplug()
        line.until("Down")
        eventually(lambda: refused(writer), "a value is refused")  # between two attempts
        line.segment.plug()
        line.until("Up")
        exchanges(line, writer, reader, 2)


@pytest.mark.rule("LINE-13")
def test_a_subdevice_behind_a_broken_cable_is_missed_while_the_others_go_on(domain: str) -> None:
    with Line(domain, [LOOP, LOOP, LOOP], maps=PATIENT) as line:
        writer, reader = line.writer("a", 1, 0, 32), line.reader("b", 1, 0, 32)
        line.up()
        number = line.segment.fault("cable-out", subdevice=3)
        line.until("Degraded")
        eventually(
            lambda: "SubDevice 3 does not answer" in getattr(line.bus.health, "reason", ""),
            "it is named",
        )
        exchanges(line, writer, reader, 5)
        line.segment.heal(number)
        line.until("Up")
        assert line.counted(lambda it: it.short_counters and it.state == "up").bring_ups == 1


@pytest.mark.rule("LINE-14")
def test_a_power_cycled_subdevice_comes_back_while_the_others_stay_in_op(domain: str) -> None:
    with Line(domain, [LOOP, LAMPS, {"type": "axis"}], maps=PATIENT) as line:
        writer, reader = line.writer("a", 1, 0, 32), line.reader("b", 1, 0, 32)
        line.up()
        line.segment.power_cycle(3)
        line.until("Degraded", "Up")
        exchanges(line, writer, reader, 5)
        assert [one.state.label for one in line.segment.states()] == ["OP", "OP", "OP"]
        assert line.counted(lambda it: it.recoveries and it.state == "up").bring_ups == 1
        # 0x0442 counts watchdogs that have expired: those of the others never did
        assert [line.segment.register(n, 0x0442, 1) for n in (1, 2)] == [0, 0]


@pytest.mark.rule("LINE-15")
def test_an_al_error_is_told_in_words_and_mended(domain: str) -> None:
    with Line(domain, [LOOP, LAMPS], maps=PATIENT[:2]) as line:
        line.up()
        line.segment.fault("al-error", subdevice=2, code=0x1B)
        line.until("Degraded", "Up")
        assert any("SubDevice 2 is in SAFE-OP: 0x001B SyncManager" in one for one in line.said)
        assert [one.state.label for one in line.segment.states()] == ["OP", "OP"]


@pytest.mark.rule("LINE-34")
def test_a_counter_that_is_short_is_told_also_while_everybody_is_in_op(domain: str) -> None:
    with Line(domain, [LOOP, LOOP], maps=PATIENT[:2]) as line:
        line.up()
        line.segment.fault("wrong-working-counter", subdevice=2, by=-1)
        line.until("Degraded")
        assert "the working counter is 5, and should be 6" in line.said[-1]
        line.segment.heal()
        line.until("Up")


@pytest.mark.rule("LINE-16")
def test_a_stuck_mailbox_is_an_error_for_who_asks_and_nobody_else(domain: str) -> None:
    with Line(domain, [LOOP, LOOP], maps=PATIENT[:2], sdo_timeout=2) as line:
        writer, reader = line.writer("a", 1, 0, 32), line.reader("b", 1, 0, 32)
        line.up()
        line.segment.fault("stuck-mailbox", subdevice=2)
        asked = line.bus.read_sdo(2, 0x1018, 1, int, block=False)
        exchanges(line, writer, reader, 5)
        assert not asked.done  # the bus goes on meanwhile
        with pytest.raises(BusError, match="SubDevice 2"):
            asked.get(timeout=LIMIT)
        exchanges(line, writer, reader, 6)
        assert line.follow() == []
        line.segment.heal()
        assert eventually(lambda: line.bus.read_sdo(2, 0x1018, 1, int), "the mailbox answers")


@pytest.mark.rule("LINE-17")
def test_a_power_cycled_subdevice_with_a_stuck_mailbox_does_not_take_the_others_down(
    domain: str,
) -> None:
    with Line(domain, [LOOP, LOOP], maps=PATIENT[:2]) as line:
        writer, reader = line.writer("a", 1, 0, 32), line.reader("b", 1, 0, 32)
        line.up()
        line.segment.fault("stuck-mailbox", subdevice=2)
        line.segment.power_cycle(2)
        line.until("Degraded")
        exchanges(line, writer, reader, 5)
        assert line.segment.states()[0].state.label == "OP"
        line.segment.heal()
        line.until("Up")


@pytest.mark.rule("LINE-18")
def test_an_interface_that_is_taken_away_is_down_with_the_reason(domain: str) -> None:
    with Line(domain, [LOOP]) as line:
        line.up()
        line.segment.remove()
        line.until("Down")
        eventually(lambda: "ecat0" in getattr(line.bus.health, "reason", ""), "it is named")


@pytest.mark.rule("LINE-19")
def test_an_interface_that_is_there_again_is_up_again(domain: str) -> None:
    with Line(domain, [LOOP], maps=PATIENT[:1]) as line:
        writer, reader = line.writer("a", 1, 0, 32), line.reader("b", 1, 0, 32)
        line.up()
        first = line.bus._watcher.pid
        line.segment.remove()
        line.until("Down")
        line.another_segment([LOOP])
        line.until("Up")
        assert line.bus._watcher.pid == first
        exchanges(line, writer, reader, 2)
