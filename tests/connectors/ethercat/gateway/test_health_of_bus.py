"""What becomes of health when something goes wrong with a bus, event by event; in virtual time."""

from __future__ import annotations

import logging

import pytest

from taktora.connectors import Degraded, Down
from taktora.connectors.ethercat.bus import LOST, AlState
from taktora.connectors.ethercat.emergency import Emergency
from taktora.connectors.ethercat.mock import MockBusDriver
from taktora.connectors.ethercat.mock_subdevice import MockSubDevice
from taktora.errors import BusError

from .bench import Bench


def wkc(bench: Bench) -> int:
    """Of a good cycle."""
    return bench.link.stats.expected_wkc


@pytest.mark.rule("EGW-20")
@pytest.mark.parametrize("short", [0, 2])
@pytest.mark.parametrize("cycles", [1, 3])
def test_as_many_bad_cycles_as_are_tolerated_are_no_event(bench, short, cycles):
    bench.driver.play(*[short] * cycles)
    bench.advance(20)
    assert bench.states() == []
    assert bench.link.stats.short_counters == cycles


@pytest.mark.rule("EGW-20")
def test_one_more_is_degraded_and_the_next_good_one_up(bench):
    bench.driver.play(2, 2, 2, 2, 1)
    bench.advance(4)
    assert bench.states() == ["Degraded"]
    assert bench.reason == ("the working counter is 2, and should be 3 (4 bad cycles in a row)")
    bench.advance(1)
    assert bench.states() == []
    bench.advance(1)
    assert bench.states() == ["Up"]


@pytest.mark.rule("EGW-20")
def test_values_go_out_and_come_in_while_it_is_degraded(bench):
    reader, writer = bench.reader("in", 1, 0, 8), bench.writer("out", 1, 0, 8)
    bench.driver.play(*[2] * 10)
    bench.advance(6)
    assert bench.states() == ["Degraded"]
    writer.send(3)
    bench.driver.set_inputs(1, b"\x04\x00")
    bench.advance(2)
    assert bench.driver.snapshot_outputs(1) == b"\x03\x00"
    assert [one.value for one in reader][-1] == 4


@pytest.mark.rule("EGW-21")
@pytest.mark.parametrize(
    ("lost", "expected"),
    [
        (3, []),
        (4, ["Degraded", "Up"]),
        (49, ["Degraded", "Up"]),
        (50, ["Degraded", "Down", "Connecting", "Up"]),
    ],
)
def test_so_many_lost_frames_in_a_row_are_down(bench, lost, expected):
    bench.driver.play(*[LOST] * lost)
    bench.advance(400)
    assert bench.states() == expected
    assert bench.link.stats.lost_frames == lost


@pytest.mark.rule("EGW-21")
def test_a_frame_in_between_begins_the_count_anew(bench):
    bench.driver.play(*[LOST] * 49, 3, *[LOST] * 49, 3)
    bench.advance(200)
    assert bench.states() == ["Degraded", "Up", "Degraded", "Up"]


@pytest.mark.rule("EGW-21")
@pytest.mark.parametrize("what", ["exchange", "states"])
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BusError("the interface veth1 is gone"), "the interface veth1 is gone"),
        (RuntimeError("a mistake of the driver's"), "RuntimeError: a mistake of the driver's"),
    ],
)
def test_a_driver_that_raises_is_down_and_brought_up_again(bench, monkeypatch, what, error, said):
    def fails() -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(bench.driver, what, fails)
        if what == "exchange":
            bench.link._operation._exchange = fails
        bench.advance(110)
    assert bench.states()[0] == "Down"
    bench.advance(400)
    assert bench.state == "Up"
    assert bench.link.stats.bring_ups == bench.driver.bring_ups >= 2
    events = bench.connector.subscribe_health()
    bench.advance(400)
    assert list(events) == []


@pytest.mark.rule("EGW-21")
def test_the_reason_is_the_drivers(bench, monkeypatch):
    def fails() -> int:
        raise BusError("the interface veth1 is gone")

    bench.link._operation._exchange = fails
    bench.advance(1)
    assert (bench.state, bench.reason) == ("Down", "the interface veth1 is gone")


@pytest.mark.rule("EGW-21")
@pytest.mark.parametrize("cycles", [100, 3000])
def test_a_cable_that_was_out_needs_no_hand(bench, cycles):
    bench.driver.cut = True
    bench.advance(cycles)
    bench.driver.cut = False
    bench.advance(400)
    told = bench.states()
    assert told[:2] == ["Degraded", "Down"]
    assert told[-2:] == ["Connecting", "Up"]


@pytest.mark.rule("EGW-22")
def test_states_are_asked_for_at_their_own_rate(bench):
    before = bench.driver.sweeps
    bench.advance(1000)
    assert bench.driver.sweeps == before + 10


@pytest.mark.rule("EGW-22")
def test_and_at_once_when_a_counter_is_short(bench):
    bench.advance(5)
    before = bench.driver.sweeps
    bench.driver.play(2)
    bench.advance(1)
    assert bench.driver.sweeps == before + 1
    bench.advance(5)
    assert bench.driver.sweeps == before + 1


@pytest.mark.rule("EGW-22")
def test_but_not_when_the_frame_was_lost(bench):
    before = bench.driver.sweeps
    while bench.driver.sweeps == before:
        bench.advance(1)
    bench.advance(90)
    bench.driver.play(2, *[LOST] * 40)
    bench.advance(41)
    assert bench.driver.sweeps == before + 2  # of the short counter
    bench.advance(50)
    bench.driver.play(*[LOST] * 40)
    bench.advance(40)  # the next one is due meanwhile
    assert bench.driver.sweeps == before + 2
    bench.advance(1)
    assert bench.driver.sweeps == before + 3
    assert bench.state == "Up"


@pytest.mark.rule("EGW-23")
def test_one_that_is_not_in_op_is_degraded_with_a_full_counter_and_is_recovered(bench_of):
    bench = bench_of(count=2).begin()
    bench.driver.subdevice(2).fall()  # into SAFE-OP, where it is counted
    bench.advance(100)
    (event,) = bench.health
    assert event.to == Degraded(
        "SubDevice 2 is in SAFE-OP: 0x001B SyncManager watchdog: no outputs came in time"
    )
    assert bench.link.stats.short_counters == 0
    bench.advance(25)
    assert bench.states() == ["Up"]
    assert bench.driver.recoveries == 1
    assert bench.driver.bring_ups == 1


@pytest.mark.rule("EGW-23")
def test_one_step_of_one_of_them_in_a_slot_while_exchanges_go_on(bench_of):
    bench = bench_of(count=4).begin()
    for position in (2, 3, 4):
        bench.driver.subdevice(position).recovery.extend(
            ["acknowledged", AlState.SAFE_OP, AlState.OP]
        )
        bench.driver.subdevice(position).fall()
    slots = []
    recover = bench.driver.recover

    def noted(position: int) -> str:
        slots.append((bench.driver.exchanges, position))
        return recover(position)

    bench.driver.recover = noted
    before = bench.driver.exchanges
    bench.advance(200)
    assert bench.states() == ["Degraded", "Up"]
    assert [position for _, position in slots] == [2, 3, 4] * 3
    assert len({exchange for exchange, _ in slots}) == 9  # in nine different slots
    assert bench.driver.exchanges == before + 200


@pytest.mark.rule("EGW-23")
def test_a_subdevice_that_is_gone_does_not_stop_the_others(bench_of):
    bench = bench_of(count=2).begin()
    first, second = bench.writer("one", 1, 0, 8), bench.writer("two", 2, 0, 8)
    gone = bench.driver.subdevice(2)
    gone.state = AlState.NONE
    gone.recovery.extend(["it does not answer"] * 5)
    bench.advance(10)
    assert bench.states() == ["Degraded"]
    assert bench.reason == "SubDevice 2 does not answer"
    first.send(1)
    second.send(2)
    bench.advance(1)
    assert bench.driver.snapshot_outputs(1) == b"\x01\x00"
    bench.advance(200)
    assert bench.states() == ["Up"]
    assert bench.driver.recoveries == 6


@pytest.mark.rule("EGW-24")
def test_a_step_that_fails_is_that_subdevices_affair(bench_of, caplog):
    bench = bench_of(count=2).begin()
    one = bench.driver.subdevice(1)
    one.fall()
    one.recovery.extend([BusError("SubDevice 1 refuses OP")] * 4)
    with caplog.at_level(logging.INFO, "taktora.connectors"):
        bench.advance(110)
        assert bench.state == "Degraded"
        bench.advance(300)
    assert bench.states() == ["Degraded", "Up"]
    assert bench.driver.bring_ups == 1
    assert caplog.text.count("recovery of SubDevice 1: SubDevice 1 refuses OP") == 1


@pytest.mark.rule("EGW-25")
def test_a_subdevice_that_comes_back_finds_what_is_commanded(bench):
    writer = bench.writer("out", 1, 0, 8)
    writer.send(5)
    bench.advance(1)
    one = bench.driver.subdevice(1)
    one.state = AlState.NONE
    one.recovery.extend(["it does not answer"] * 3)
    one.outputs[:] = bytes(2)  # power-cycled
    bench.advance(20)
    writer.send(6)
    bench.advance(300)
    assert bench.states() == ["Degraded", "Up"]
    assert bench.driver.snapshot_outputs(1) == b"\x06\x00"


def test_what_is_degraded_can_go_down(bench):
    bench.driver.play(*[2] * 5, *[LOST] * 50)
    bench.advance(54)
    assert bench.states() == ["Degraded"]
    bench.advance(1)
    assert isinstance(bench.connector.health, Down)


class Complaining(MockBusDriver):
    """Its first SubDevice sends emergencies; each goes with the next call."""

    def __init__(self) -> None:
        super().__init__(MockSubDevice())
        self.sent: list[Emergency] = []

    def emergencies(self) -> tuple[Emergency, ...]:
        sent, self.sent = tuple(self.sent), []
        return sent


@pytest.mark.rule("EGW-26")
def test_an_emergency_is_in_the_log_once_until_another_comes(bench_of, caplog):
    driver = Complaining()
    bench = bench_of(driver).begin()
    hot, over = (Emergency(1, code, register, bytes(5)) for code, register in ((0x4210, 9), (0, 0)))
    with caplog.at_level(logging.INFO, "taktora.connectors"):
        for sent in ([hot, hot], [hot], [over], [hot]):
            driver.sent = sent
            bench.advance(150)
    told = [
        (one.levelname, one.getMessage()) for one in caplog.records if "emerg" in one.getMessage()
    ]
    text = "SubDevice 1: emergency 0x4210 (temperature), error register 0x09, data 00 00 00 00 00"
    assert told[0] == told[2] == ("WARNING", f"connector 'bus': {text}")
    assert told[1][0] == "INFO"
    assert "SubDevice 1: emergency over (0x0000), error register 0x00" in told[1][1]
    assert len(told) == 3
    assert bench.states() == []
