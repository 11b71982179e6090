"""What a plug-in does or leaves undone, and what comes of it on the wire."""

from __future__ import annotations

import pytest

from taktora.connectors.ethercat import SubDeviceMap

from .line import LOOP, Line, eventually

pytestmark = pytest.mark.segment

PATIENT = (SubDeviceMap(1, sm_watchdog=5),)
MANY = 100
"""Cycles: enough for what must not happen to have happened."""


def goes_on(line: Line, cycles: int = MANY) -> None:
    """So many more cycles."""
    before = line.latest().cycles
    line.counted(lambda it: it.cycles > before + cycles)


@pytest.mark.rule("LINE-30")
def test_an_emergency_is_counted_and_told_in_the_log_of_the_gateway(
    domain: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Line(domain, [LOOP, LOOP], maps=PATIENT) as line:
        line.up()
        for _ in range(2):
            line.segment.call(2, "emergency", 0x8130, 0x11, b"\1\2\3\4\5")
        line.counted(lambda it: it.emergencies == 2)
        assert line.follow() == []
        text = (
            "SubDevice 2: emergency 0x8130 (monitoring), error register 0x11, data 01 02 03 04 05"
        )
        eventually(lambda: text in caplog.text, "it is told in the log")
    assert caplog.text.count(text) == 1


@pytest.mark.rule("LINE-31")
def test_what_a_silent_writer_has_sent_stays_until_it_is_closed(domain: str) -> None:
    with Line(domain, [LOOP], maps=PATIENT) as line:
        writer = line.writer("a", 1, 0, 8, safe=0x18)
        stays = line.writer("b", 1, 8, 8, safe="hold")
        line.up()
        writer.send(0x55)
        stays.send(0x66)
        eventually(lambda: line.segment.outputs(1)[:2] == b"\x55\x66", "they go out")
        goes_on(line, 1500)  # longer than values count of which no writer is seen
        assert line.segment.outputs(1)[:2] == b"\x55\x66"
        writer.close()
        stays.close()
        eventually(lambda: line.segment.outputs(1)[:2] == b"\x18\x66", "it is made safe")
        assert line.follow() == []


@pytest.mark.rule("LINE-32")
def test_outputs_after_an_outage_are_safe_until_they_are_commanded_again(domain: str) -> None:
    with Line(domain, [LOOP], maps=PATIENT) as line:
        writer = line.writer("a", 1, 0, 8, safe=0x18)
        held = line.writer("b", 1, 8, 8, safe="hold")
        assert line.up()
        assert line.segment.outputs(1)[:2] == b"\x18\0"
        writer.send(0x55)
        held.send(0x66)
        eventually(lambda: line.segment.outputs(1)[:2] == b"\x55\x66", "they go out")
        line.segment.unplug()
        line.until("Down")
        line.segment.plug()
        line.until("Up")
        assert line.segment.outputs(1)[:2] == b"\x18\0"
        goes_on(line)
        assert line.segment.outputs(1)[:2] == b"\x18\0"
        writer.send(0x77)
        eventually(lambda: line.segment.outputs(1)[:2] == b"\x77\0", "it goes out")


@pytest.mark.rule("LINE-33")
def test_a_plug_in_whose_python_stands_still_does_not_stop_the_cycle(domain: str) -> None:
    with Line(domain, [LOOP], maps=(SubDeviceMap(1, sm_watchdog=0.3),)) as line:
        line.up()
        before = line.latest().cycles
        for _ in range(2):
            assert (
                3**5_000_000
            )  # a second or more in one operation, which no other thread gets into
        line.counted(lambda it: it.cycles > before + MANY)
        assert line.segment.register(1, 0x0442, 1) == 0  # its watchdog never expired
        assert "Down" not in line.follow()
