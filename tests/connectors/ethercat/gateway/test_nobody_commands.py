"""Outputs of plug-ins that are gone or silent, on the wire; in virtual time."""

from __future__ import annotations

import logging

import pytest

from taktora.connectors.ethercat.bus import LOST


@pytest.mark.rule("EGW-30")
def test_when_the_last_writer_has_gone_the_safe_value_goes_out(bench, caplog):
    first = bench.writer("speed", 1, 0, 8, safe=9)
    second = bench.writer("speed", 1, 0, 8, safe=9)
    held = bench.writer("held", 1, 8, 8, safe="hold")
    for writer in (first, held):
        writer.send(100)
    bench.advance(200)
    second.close()
    bench.advance(200)
    assert bench.driver.snapshot_outputs(1) == b"\x64\x64"
    with caplog.at_level(logging.WARNING, "taktora.connectors"):
        first.close()
        held.close()
        bench.advance(101)
    assert bench.driver.snapshot_outputs(1) == b"\x09\x64"
    assert "channel 'speed' is made safe: nobody writes to it any more" in caplog.text


@pytest.mark.rule("EGW-30", "EGW-31")
def test_when_no_value_comes_for_long_enough_and_until_the_next_one(bench):
    writer = bench.writer("speed", 1, 0, 8, safe_after=0.05)
    slow = bench.writer("slow", 1, 8, 8)  # may take as long as it likes
    slow.send(1)
    for _ in range(10):
        writer.send(7)
        bench.advance(40)
        assert bench.driver.snapshot_outputs(1) == b"\x07\x01"
    bench.advance(9)
    assert bench.driver.snapshot_outputs(1) == b"\x07\x01"
    bench.advance(3)
    assert bench.driver.snapshot_outputs(1) == b"\x00\x01"
    bench.advance(1000)
    writer.send(8)
    bench.advance(2)
    assert bench.driver.snapshot_outputs(1) == b"\x08\x01"


@pytest.mark.rule("EGW-30")
def test_the_frame_that_carries_a_safe_value_is_the_next_one(bench):
    sent = []
    bench.driver.subdevice(1).behaviour = lambda outputs, _: sent.append(outputs[0])
    writer = bench.writer("speed", 1, 0, 8, safe_after=0.02)
    writer.send(7)
    bench.advance(30)
    assert sent[18:20] == [7, 0]  # 20 ms after the value came is the 20th cycle since


@pytest.mark.rule("EGW-30", "EGW-31")
def test_when_the_plug_in_has_ended_everything_is_safe_and_stays_so(bench):
    writers = [bench.writer("a", 1, 0, 8, safe=1), bench.writer("b", 1, 8, 8)]
    for writer in writers:
        writer.send(7)
    bench.advance(1)
    assert bench.connector._gateway._link.plugin_gone(bench.sim.now_ns) is None
    bench.advance(1)
    assert bench.driver.snapshot_outputs(1) == b"\x01\x00"
    for writer in writers:
        writer.send(8)
    bench.advance(5)
    assert bench.driver.snapshot_outputs(1) == b"\x01\x00"
    bench.driver.play(*[LOST] * 50)
    bench.advance(400)  # another bring-up changes nothing
    writers[1].send(8)
    bench.advance(5)
    assert (bench.state, bench.driver.snapshot_outputs(1)) == ("Up", b"\x01\x00")


@pytest.mark.rule("EGW-13", "EGW-30")
def test_after_a_bring_up_nothing_has_to_be_made_safe_that_nobody_commanded_since(bench, caplog):
    writer = bench.writer("speed", 1, 0, 8, safe=9, safe_after=0.2)
    writer.send(7)
    bench.driver.play(*[LOST] * 50)
    with caplog.at_level(logging.WARNING, "taktora.connectors"):
        bench.advance(1000)
    assert bench.state == "Up"
    assert "is made safe" not in caplog.text


@pytest.mark.rule("EGW-30")
def test_while_the_bus_is_not_up_nothing_has_to_be_written(bench):
    writer = bench.writer("speed", 1, 0, 8, safe=9)
    writer.send(7)
    bench.advance(200)
    bench.driver.cut = True
    bench.advance(100)
    writer.close()
    assert bench.connector._gateway._link.plugin_gone(bench.sim.now_ns) is None
    bench.advance(200)
    bench.driver.cut = False
    bench.advance(400)
    assert (bench.state, bench.driver.snapshot_outputs(1)) == ("Up", b"\x09\x00")
