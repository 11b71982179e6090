"""Cycle after cycle: what goes out, what is told, and when; in virtual time."""

from __future__ import annotations

import itertools
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors import ChannelDescriptor, RawCodec
from taktora.connectors.ethercat.bus import LOST
from taktora.connectors.ethercat.mock import MockBusDriver
from taktora.connectors.ethercat.mock_subdevice import MockSubDevice
from taktora.connectors.ethercat.routing import Direction, EthercatRouting
from taktora.errors import InvalidDescriptor

from .bench import MS, Bench, input_, output


def values(reader) -> list[object]:
    return [received.value for received in reader]


@pytest.mark.rule("EGW-01")
def test_there_is_one_exchange_in_each_slot(bench):
    before = bench.driver.exchanges
    bench.advance(10)
    assert bench.driver.exchanges == before + 10
    bench.writer("lamp", 1, 0).send(1)
    bench.sim.run_until_idle()
    assert bench.driver.exchanges == before + 10  # whatever comes in between


@pytest.mark.rule("EGW-01")
def test_slots_that_passed_are_skipped_and_counted_and_the_grid_stays_the_same(bench):
    stats, slots = bench.link.stats, []
    tick = bench.link.tick

    def slow(slot: int, now: int) -> None:
        slots.append(slot)
        tick(slot, now)
        if len(slots) == 3:
            bench.sim.spend(4 * MS + MS // 2)

    bench.connector._gateway._link._tick = slow
    bench.advance(12)
    assert [(slot - slots[0]) // MS for slot in slots] == [0, 1, 2, 6, 7, 8, 9, 10, 11]
    assert (slots[0] % MS, stats.overruns) == (0, 3)
    assert stats.lateness.summary().maximum == MS // 2


@pytest.mark.rule("EGW-02")
def test_a_true_flips_exactly_one_bit_of_the_addressed_subdevice(bench_of):
    bench = bench_of(count=3).begin()
    writer = bench.writer("lamp", 2, 11, type=bool)
    writer.send(True)
    bench.advance(1)
    assert [bench.driver.snapshot_outputs(n) for n in (1, 2, 3)] == [bytes(2), b"\0\x08", bytes(2)]
    writer.send(False)
    bench.advance(1)
    assert bench.driver.snapshot_outputs(2) == bytes(2)


@pytest.mark.rule("EGW-02")
def test_of_several_values_before_a_cycle_the_last_one_goes_out(bench):
    seen = []
    bench.driver.subdevice(1).behaviour = lambda outputs, _: seen.append(outputs[0])
    writer = bench.writer("speed", 1, 0, 8)
    bench.advance(1)
    for value in (1, 2, 3):
        writer.send(value)
    bench.advance(2)
    assert seen[-2:] == [3, 3]
    assert not {1, 2} & set(seen)


@pytest.mark.rule("EGW-02", "EGW-03")
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 255)),
        min_size=1,
        max_size=20,
    )
)
def test_what_is_written_comes_back_where_the_bus_loops_it(steps):
    """Four fields beside one another, in two SubDevices."""
    places = [(1, 0, 3), (1, 3, 8), (1, 11, 5), (2, 5, 7)]
    bench = Bench(MockBusDriver(MockSubDevice(), MockSubDevice(), loopback=True)).begin()
    try:
        writers = [bench.writer(f"o{n}", *place) for n, place in enumerate(places)]
        readers = [bench.reader(f"i{n}", *place) for n, place in enumerate(places)]
        bench.advance(2)
        state = [0] * len(places)
        assert [values(reader) for reader in readers] == [[0]] * len(places)
        for which, number in steps:
            value = number % (1 << places[which][2])
            writers[which].send(value)
            bench.advance(2)
            told = [values(reader) for reader in readers]
            assert told[which] == ([value] if value != state[which] else [])
            assert [told[n] for n in range(4) if n != which] == [[]] * 3
            state[which] = value
    finally:
        bench.close()


@pytest.mark.rule("EGW-03")
def test_an_input_is_told_when_it_changes_and_once_after_each_bring_up(bench):
    low, high = bench.reader("low", 1, 0, 8), bench.reader("high", 1, 8, 8)
    bench.advance(5)
    assert (values(low), values(high)) == ([0], [0])
    bench.driver.set_inputs(1, b"\x07\x00")
    bench.advance(5)
    assert (values(low), values(high)) == ([7], [])
    bench.driver.play(*[LOST] * 50)
    bench.advance(300)
    assert bench.states() == ["Degraded", "Down", "Connecting", "Up"]
    assert (values(low), values(high)) == ([7], [0])


@pytest.mark.rule("EGW-03")
def test_a_reader_that_comes_later_is_told_how_it_is_although_nothing_changes(bench):
    bench.driver.set_inputs(1, b"\x07\x00")
    first = bench.reader("low", 1, 0, 8)
    bench.advance(500)
    assert values(first) == [7]
    second = bench.reader("low", 1, 0, 8)
    bench.advance(100)
    assert (values(first), values(second)) == ([7], [7])
    second.close()
    bench.advance(300)
    third = bench.reader("low", 1, 0, 8)
    bench.advance(100)
    assert values(third) == [7]
    bench.advance(500)
    assert values(first) == [7]


@pytest.mark.rule("EGW-03")
def test_in_each_cycle_if_that_is_wanted(bench_of):
    bench = bench_of(publish="cycle").begin()
    reader = bench.reader("low", 1, 0, 8)
    bench.advance(5)
    received = list(reader)
    assert [one.value for one in received] == [0] * 5
    assert [one.sequence for one in received] == [0, 1, 2, 3, 4]


@pytest.mark.rule("EGW-04")
@pytest.mark.parametrize("publish", ["change", "cycle"])
def test_a_lost_frame_tells_nothing_and_a_short_counter_what_has_changed(bench_of, publish):
    bench = bench_of(publish=publish).begin()
    low, high = bench.reader("low", 1, 0, 8), bench.reader("high", 1, 8, 8)
    bench.advance(1)
    assert (values(low), values(high)) == ([0], [0])
    bench.driver.play(LOST, 1, LOST)
    bench.driver.set_inputs(1, b"\x07\x00")
    bench.advance(1)
    assert (values(low), values(high)) == ([], [])
    bench.advance(1)
    assert (values(low), values(high)) == ([7], [])
    bench.advance(1)
    assert (values(low), values(high)) == ([], [])


@pytest.mark.rule("EGW-05")
def test_what_one_cycle_brings_has_one_timestamp(bench_of):
    bench = bench_of(count=2).begin()
    bench.connector._gateway.inbound.clock = itertools.count(1).__next__  # never the same twice
    readers = [bench.reader("a", 1, 0), bench.reader("b", 1, 1), bench.reader("c", 2, 0)]
    times = []
    for inputs in (b"\0\0", b"\3\0"):
        bench.driver.set_inputs(1, inputs)
        bench.driver.set_inputs(2, inputs)
        bench.advance(1)
        times.append({reader.try_recv().timestamp_ns for reader in readers})
    assert [len(each) for each in times] == [1, 1]
    assert max(times[0]) < min(times[1])


@pytest.mark.rule("EGW-06")
def test_bytes_that_are_no_value_of_the_field_change_nothing_and_are_counted(bench, caplog):
    good = bench.writer("speed", 1, 0, 12)
    bad = bench.connector.create_writer(output("speed", 1, 0, 12), bytes, codec=RawCodec())
    good.send(0x123)
    bench.advance(1)
    with caplog.at_level(logging.WARNING, "taktora.connectors"):
        for data in (b"", b"123", b"\xff\xff"):
            bad.send(data)
        bench.advance(1)
    assert bench.driver.snapshot_outputs(1) == b"\x23\x01"
    assert caplog.text.count("channel 'speed'") == 1
    assert (bench.state, bench.link.stats.refused) == ("Up", 3)


@pytest.mark.rule("EGW-07")
def test_channels_can_be_added_while_the_bus_is_in_operation(bench):
    bench.driver.set_inputs(1, b"\x80\x00")
    reader = bench.reader("top", 1, 7, type=bool)
    writer = bench.writer("lamp", 1, 1)
    writer.send(1)
    bench.advance(1)
    assert (values(reader), bench.driver.snapshot_outputs(1)) == ([True], b"\x02\x00")


@pytest.mark.rule("EGW-07")
@pytest.mark.parametrize(
    ("where", "said"),
    [
        ((2, 0), "channel 'x' leads to SubDevice 2, and one SubDevice was found"),
        ((1, 16), "channel 'x': bit 16 is not in the outputs of SubDevice 1"),
        ((1, 9, 8), "channel 'x': bits 9 to 16 are not all in the outputs of SubDevice 1"),
        (("axis", 0), "no SubDevice is called that"),
        ((1, 3, 2), "bits 3 to 4 of the outputs of SubDevice 1 overlap bit 4 of channel 'lamp'"),
    ],
)
def test_one_that_leads_nowhere_is_refused_and_leaves_nothing_behind(bench, where, said):
    bench.writer("lamp", 1, 4)
    with pytest.raises(InvalidDescriptor, match=said):
        bench.writer("x", *where)
    bench.writer("x", 1, 5).send(1)  # can be made rightly then
    bench.advance(1)
    assert bench.driver.snapshot_outputs(1) == b"\x20\x00"
    assert bench.state == "Up"


@pytest.mark.rule("EGW-07")
def test_a_channel_keeps_its_routing(bench):
    bench.reader("a", 1, 0)
    with pytest.raises(
        InvalidDescriptor, match="channel 'a': is there already, as EthercatRouting"
    ):
        bench.connector.create_reader(
            ChannelDescriptor("a", EthercatRouting(1, Direction.TX, 1, 1)), int
        )
    assert bench.reader("a", 1, 0).name == input_("a", 1, 0).name + ".in"
