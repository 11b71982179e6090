"""The way out: nothing is lost, nobody waits in a loop, everybody gets a turn; in virtual time."""

from __future__ import annotations

import pytest

from taktora.actors.item import item
from taktora.connectors import BackPressure

PUMP = "lab/c.out"


def fill(writer) -> int:
    """Send until there is no room; how many were accepted."""
    for count in range(1000):
        try:
            writer.send(b"%d" % count)
        except BackPressure:
            return count
    raise AssertionError("there is no end of room")


@pytest.mark.rule("GATE-30")
def test_what_the_link_has_no_room_for_is_kept_and_sent_in_order(bench_of):
    bench = bench_of(queue=8).begin()
    writer = bench.writer()
    room = 3

    def sends(_: bytes) -> bool:
        return len(bench.link.sent) < room

    bench.link.sending = sends
    accepted = 0
    for _ in range(3):
        accepted += fill(writer)
        bench.executor.run_until_idle()
    assert accepted == 3 + 1 + 8  # sent, in hand, in the buffer
    sequences = list(range(accepted))
    room = 5
    bench.link.session.room()
    bench.executor.run_until_idle()
    assert bench.link.sequences == sequences[:5]
    room = 100
    bench.link.session.room()
    bench.executor.run_until_idle()
    assert bench.link.sequences == sequences
    assert writer.send(b"").sent


@pytest.mark.rule("GATE-30")
def test_what_was_accepted_before_an_outage_is_sent_after_it(bench):
    writer = bench.writer()
    bench.link.sending = lambda _: False
    fill(writer)
    bench.executor.run_until_idle()
    bench.link.sending = lambda _: True
    bench.link.session.down("gone")
    bench.executor.run_until_idle()
    assert bench.link.sent == []
    bench.advance(0.3)
    assert bench.link.sequences == list(range(64))


@pytest.mark.rule("GATE-30")
def test_what_is_written_before_the_first_connection_is_sent_with_it(bench_of):
    bench = bench_of()
    bench.link.opening = lambda _: None
    bench.begin()
    writer = bench.writer()
    writer.send(b"early")
    bench.advance(0.5)
    assert bench.link.sent == []
    bench.link.session.up()
    bench.executor.run_until_idle()
    assert bench.link.sent == [b"early"]


@pytest.mark.rule("GATE-31")
def test_while_the_link_is_down_a_full_channel_keeps_nobody_busy(bench):
    writer = bench.writer()
    bench.link.sending = lambda _: False
    fill(writer)
    bench.executor.run_until_idle()
    bench.link.opening = lambda _: None
    bench.link.session.down("gone")
    bench.executor.run_until_idle()
    before = bench.executor.executions(PUMP)
    bench.advance(20)
    assert bench.executor.executions(PUMP) == before


@pytest.mark.rule("GATE-31")
def test_while_the_link_has_no_room_a_full_channel_keeps_nobody_busy(bench):
    writer = bench.writer()
    calls = []
    bench.link.sending = lambda payload: bool(calls.append(payload))
    for _ in range(2):
        fill(writer)
        bench.executor.run_until_idle()
    before = len(calls)
    assert before <= 2 * (64 + 1)  # once for each that came, at most
    bench.advance(20)
    assert len(calls) == before


@pytest.mark.rule("GATE-32")
def test_a_channel_with_much_to_send_lets_others_have_their_turn(bench_of):
    bench = bench_of(queue=2000).begin()
    writer = bench.writer()
    bench.link.sending = lambda _: False
    writer.send(b"")
    bench.executor.run_until_idle()
    for _ in range(1500):
        writer.send(b"")
    bench.executor.run_until_idle()  # it knows of them all, and nothing more will wake it
    seen: list[int] = []
    other = bench.executor.add(item(lambda: seen.append(len(bench.link.sent)), id="other"))
    bench.link.sending = lambda _: True
    bench.link.session.room()
    for _ in range(3000):
        if len(bench.link.sent) == 1501:
            break
        other.tell("look")
        assert bench.executor.step() is not None
    assert any(0 < count < 1501 for count in seen)
    assert bench.link.sequences == list(range(1501))


@pytest.mark.rule("GATE-33")
def test_a_link_that_has_room_again_and_again_stops_nobody(bench):
    bench.writer()
    gateway = bench.connector._gateway
    for _ in range(5000):  # more than a mailbox holds
        gateway._go_on()
    bench.executor.run_until_idle()
    bench.link.session.room()
    bench.advance(1)
    assert bench.state == "Up"


@pytest.mark.rule("GATE-33")
def test_a_pump_that_was_stopped_is_not_told_any_more(bench):
    bench.writer()
    bench.connector._gateway.refs[1].stop()
    bench.link.session.room()
    bench.advance(1)
    assert bench.state == "Up"


@pytest.mark.rule("GATE-30")
def test_many_channels_each_keep_their_order(bench):
    writers = [bench.writer(name) for name in "abc"]
    for number in range(20):
        for writer in writers:
            writer.send(b"%s %d" % (writer.name.encode(), number))
    bench.executor.run_until_idle()
    for name in (b"a", b"b", b"c"):
        mine = [int(one.split()[1]) for one in bench.link.sent if one.startswith(name)]
        assert mine == list(range(20))
