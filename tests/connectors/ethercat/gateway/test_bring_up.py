"""From nothing to all SubDevices in OP, and again; in virtual time."""

from __future__ import annotations

import pytest

from taktora.connectors import ConnectorDown
from taktora.connectors.ethercat.bus import LOST, AlState, Mapped
from taktora.connectors.ethercat.cycle_stats import BusStatistics
from taktora.connectors.ethercat.mock import MockBusDriver
from taktora.connectors.ethercat.mock_subdevice import MockSubDevice
from taktora.connectors.ethercat.subdevice_map import SubDeviceMap

from .bench import CYCLE


class Late(MockBusDriver):
    """Does not tell that it is mapped."""

    def bring_up(self):
        for step in super().bring_up():
            if not isinstance(step, Mapped):
                yield step


class Dirty(MockBusDriver):
    """Its images hold something when they are there."""

    def bring_up(self):
        for step in super().bring_up():
            if isinstance(step, Mapped):
                for image in self._outputs:
                    image[:] = b"\xaa" * len(image)
            yield step


def loses(bench) -> None:
    """So many frames that the bus is down."""
    bench.driver.play(*[LOST] * 50)


@pytest.mark.rule("EGW-10")
def test_there_is_one_step_in_each_slot_and_heartbeats_in_between(bench_of):
    bench = bench_of(common={"heartbeat": 2 * CYCLE, "stale_after": 1})
    beats = []
    bench.connector.register_with(bench.sim)
    bench.connector._gateway.on_beat = lambda health: beats.append(type(health).__name__)
    said = []
    while bench.state == "Connecting":
        assert bench.driver.exchanges == 0
        bench.advance(1)
        said.append(bench.link._saying)
    assert said == [
        "connecting: look for SubDevices",
        "connecting: map process data",
        "connecting: map process data",  # is mapped
        "connecting: to PRE-OP",
        "connecting: to SAFE-OP",
        "connecting: to OP",
        "connecting: to OP",  # is brought up
        "up",
    ]
    assert beats.count("Connecting") >= 3


@pytest.mark.rule("EGW-11")
@pytest.mark.parametrize("times", [1, 3])
def test_a_bring_up_that_fails_is_down_in_words_and_tried_again(bench_of, times):
    bench = bench_of()
    bench.driver.fail_bring_up("no SubDevice answers", times=times)
    bench.connector.register_with(bench.sim)
    bench.advance(3)
    assert (bench.state, bench.reason) == ("Down", "no SubDevice answers")
    bench.advance(600)
    assert bench.states() == [*["Down", "Connecting"] * times, "Up"]
    assert bench.driver.bring_ups == times + 1
    assert bench.driver.closes == times


@pytest.mark.rule("EGW-11")
def test_after_as_many_attempts_as_the_policy_has_there_are_no_more(bench_of):
    bench = bench_of(max_attempts=2)
    bench.driver.fail_bring_up("dark", times=10)
    bench.connector.register_with(bench.sim)
    bench.advance(5000)
    assert bench.reason == "dark; gave up after 3 attempts"
    assert bench.driver.bring_ups == 3


@pytest.mark.rule("EGW-12")
@pytest.mark.parametrize(
    ("more", "where", "said"),
    [
        ({}, (3, 0), "channel 'lamp' leads to SubDevice 3, and 2 SubDevices were found"),
        ({}, (1, 16), "channel 'lamp': bit 16 is not in the outputs of SubDevice 1"),
        (
            {"subdevices": (SubDeviceMap(2, vendor=0x1234),)},
            (1, 0),
            "SubDevice 2 (mock) has vendor 0x00000000, and should have 0x00001234",
        ),
    ],
)
def test_a_bus_that_is_not_as_configured_is_down_before_anybody_is_in_op(
    bench_of, more, where, said
):
    driver = MockBusDriver(MockSubDevice(), MockSubDevice())
    bench = bench_of(driver, **more)
    bench.writer("lamp", *where)
    bench.connector.register_with(bench.sim)
    bench.advance(20)
    assert bench.state == "Down"
    assert said in bench.reason
    assert [one.state for one in driver.subdevices] == [AlState.INIT] * 2
    assert driver.exchanges == 0


@pytest.mark.rule("EGW-13")
@pytest.mark.parametrize("kind", [MockBusDriver, Late, Dirty])
def test_after_each_bring_up_outputs_have_their_safe_values(bench_of, kind):
    bench = bench_of(kind())
    seen = []
    bench.driver.subdevice(1).behaviour = lambda outputs, _: seen.append(bytes(outputs))
    safe = {"zero": {}, "held": {"safe": "hold"}, "valve": {"safe": 5}}
    writers = [bench.writer(name, 1, 4 * n, 4, **its) for n, (name, its) in enumerate(safe.items())]
    bench.connector.register_with(bench.sim)
    bench.advance(20)
    assert set(seen) == {b"\x00\x05"}
    for writer in writers:
        writer.send(15)
    bench.advance(2)
    assert seen[-1] == b"\xff\x0f"
    loses(bench)
    bench.advance(60)
    assert bench.state == "Down"
    bench.driver.subdevice(1).outputs[:] = bytes(2)
    seen.clear()
    bench.advance(500)
    assert bench.state == "Up"
    assert set(seen) == {b"\x00\x05"}


@pytest.mark.rule("EGW-13")
def test_a_subdevice_that_goes_to_op_finds_its_safe_values_there(bench_of):
    bench = bench_of()
    bench.writer("valve", 1, 0, 8, safe=0x5A)
    bench.connector.register_with(bench.sim)
    while bench.driver.subdevice(1).state is not AlState.OP:
        bench.advance(1)
    assert bench.driver.exchanges == 0
    bench.advance(1)
    assert bench.driver.snapshot_outputs(1) == b"\x5a\x00"


@pytest.mark.rule("EGW-14")
def test_what_was_accepted_before_an_outage_is_not_sent_after_it(bench):
    writer = bench.writer("lamp", 1, 0, 8, safe=1)
    writer.send(77)
    bench.driver.play(*[LOST] * 50)
    bench.advance(49)
    bench.connector._gateway._link.is_open = False  # as if the pump's turn did not come any more
    writer.send(78)
    bench.advance(500)
    assert bench.states() == ["Degraded", "Down", "Connecting", "Up"]
    assert bench.driver.snapshot_outputs(1) == b"\x01\x00"
    stats = bench.connector.gateway_stats()["out lamp"]
    assert (stats.messages, stats.drops) == (1, 1)


@pytest.mark.rule("EGW-14")
def test_what_is_sent_during_bring_up_waits_and_down_refuses(bench_of):
    bench = bench_of()
    writer = bench.writer("lamp", 1, 0, 8)
    bench.connector.register_with(bench.sim)
    bench.advance(2)
    assert bench.state == "Connecting"
    writer.send(9)
    bench.advance(20)
    assert bench.driver.snapshot_outputs(1) == b"\x09\x00"
    bench.driver.cut = True
    bench.advance(60)
    with pytest.raises(ConnectorDown, match="50 frames in a row did not come back"):
        writer.send(10)


@pytest.mark.rule("EGW-10", "EGW-52")
def test_the_statistics_tell_of_bring_up_and_count_no_overruns_in_it(bench_of):
    bench = bench_of()
    reader = bench.connector.create_statistics_reader()
    bench.connector.register_with(bench.sim)
    tick = bench.link.tick

    def slow(slot: int, now: int) -> None:
        tick(slot, now)
        if bench.link._saying == "connecting: map process data":
            bench.sim.spend(250_000_000)

    bench.connector._gateway._link._tick = slow
    bench.advance(3000)
    told = [received.value for received in reader]
    assert all(isinstance(one, BusStatistics) for one in told)
    assert told[0].state == "connecting: look for SubDevices"
    assert told[-1].state == "up"
    assert (told[-1].overruns, told[-1].bring_ups) == (0, 1)
