"""What the gateway of a bus tells of it; in virtual time."""

from __future__ import annotations

import logging

import pytest

from taktora.connectors.ethercat.bus import LOST, AlState
from taktora.connectors.ethercat.cycle_stats import (
    CODEC,
    BusStatistics,
    CycleStats,
    SubDeviceStatus,
)
from taktora.connectors.ethercat.mock import MockBusDriver
from taktora.connectors.ethercat.mock_subdevice import MockSubDevice
from taktora.connectors.ethercat.subdevice_map import SubDeviceMap

from .bench import MS


def told(reader) -> list[BusStatistics]:
    return [received.value for received in reader]


@pytest.mark.rule("EGW-50")
def test_once_a_second_and_whenever_health_changes(bench):
    reader = bench.connector.create_statistics_reader()
    bench.advance(5000)
    assert len(told(reader)) == 5
    bench.driver.play(*[2] * 4)
    bench.advance(10)
    assert [one.state for one in told(reader)] == [
        "degraded: the working counter is 2, and should be 3 (4 bad cycles in a row)",
        "up",
    ]
    bench.driver.cut = True
    bench.advance(60)
    down = "down: 50 frames in a row did not come back"
    states = [one.state for one in told(reader)]
    assert states[0].startswith("degraded: no frame came back")
    assert states[1].startswith(down)


@pytest.mark.rule("EGW-26")
def test_emergencies_are_counted_and_told_once_as_long_as_they_say_the_same(bench_of, caplog):
    driver = MockBusDriver(MockSubDevice(), MockSubDevice())
    bench = bench_of(driver).begin()
    reader = bench.connector.create_statistics_reader()
    for code in (0x8130, 0x8130, 0, 0x8130):
        driver.send_emergency(2, code)
    driver.send_emergency(1, 0x8130)
    with caplog.at_level(logging.INFO, "taktora.connectors"):
        bench.advance(1200)
    assert told(reader)[-1].emergencies == 5
    said = [one.message for one in caplog.records if "emergency" in one.message]
    kinds = [one.split("emergency ")[1].split(" ")[0] for one in said]
    assert kinds == ["0x8130", "over", "0x8130", "0x8130"]
    assert ["SubDevice 2" in one for one in said] == [True, True, True, False]


@pytest.mark.rule("EGW-51")
def test_what_is_counted(bench_of):
    driver = MockBusDriver(MockSubDevice(name="EL7031"), MockSubDevice(objects={(1, 0): b"x"}))
    bench = bench_of(driver, subdevices=(SubDeviceMap(1, name="axis"),)).begin()
    reader = bench.connector.create_statistics_reader()
    bench.advance(100)
    bench.connector.read_sdo(2, 1)
    driver.play(LOST, LOST, 2, LOST, 3)
    driver.subdevice(2).fall(AlState.SAFE_OP, 0x1B)
    driver.subdevice(2).recovery.extend(["asked"] * 200)
    bench.advance(200)
    bench.advance(1000)
    last = told(reader)[-1]
    assert (last.lost_frames, last.short_counters, last.expected_wkc, last.wkc) == (3, 2, 6, 6)
    assert (last.cycle_time, last.bring_ups, last.sdos, last.refused) == (MS, 1, 1, 0)
    assert last.cycles == pytest.approx(driver.exchanges, abs=1000)
    assert last.sweeps <= driver.sweeps
    assert 0 < last.recoveries <= driver.recoveries
    assert last.lateness is not None
    assert last.exchange is not None
    text = "SyncManager watchdog: no outputs came in time"
    assert last.subdevices == (
        SubDeviceStatus(1, "axis", "OP"),
        SubDeviceStatus(2, "mock", "SAFE-OP", True, 0x1B, text),
    )


@pytest.mark.rule("EGW-51")
def test_counters_outlive_an_outage(bench):
    reader = bench.connector.create_statistics_reader()
    bench.driver.play(*[LOST] * 50)
    bench.advance(2000)
    last = told(reader)[-1]
    assert (last.state, last.bring_ups, last.lost_frames) == ("up", 2, 50)


@pytest.mark.rule("EGW-01", "EGW-51", "EGW-52")
def test_lateness_and_overruns_are_counted_from_slots_while_it_is_in_operation():
    stats = CycleStats(MS)
    assert stats.report("connecting", (), sdos=0).lateness is None
    for begin in (0, 1_000_000 * MS):  # another session, after an outage
        stats.begin(3)
        for slot, late in ((1, 100), (2, 300), (5, 700), (6, 100)):
            due = begin + slot * MS
            stats.exchanged(due, due + late, due + late + 50, 3)
    report = stats.report("up", (), sdos=0)
    assert (report.cycles, report.overruns) == (8, 4)
    assert report.lateness is not None
    assert (report.lateness.p50, report.lateness.p99, report.lateness.maximum) == (100, 700, 700)


@pytest.mark.rule("EGW-50")
def test_a_reader_of_another_release_passes_over_what_it_does_not_know():
    data = CODEC.dumps(BusStatistics("up", MS))
    newer = data.replace(b'{"state"', b'{"of_tomorrow":1,"state"')
    assert newer != data
    assert CODEC.decode(memoryview(newer), BusStatistics) == BusStatistics("up", MS)
