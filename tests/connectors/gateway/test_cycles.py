"""Links that work in cycles, and links of which only the present value counts; in virtual time."""

from __future__ import annotations

import pytest

from .links import ALink, Bench, nothing

PERIOD = 1_000_000
SECOND = 1_000_000_000


class ACyclicLink(ALink):
    """Has a cycle of 1 ms."""

    poll_period = PERIOD

    def __init__(self) -> None:
        super().__init__()
        self.ticks: list[tuple[int, int]] = []
        self.ticking = nothing

    def tick(self, slot: int, now: int) -> None:
        self.ticks.append((slot, now))
        self.ticking()

    def poll(self, now: int) -> None:
        """Must not be called as well."""


class APresentLink(ALink):
    """What is old is wrong."""

    sends_late = False


@pytest.mark.rule("GATE-29")
def test_each_slot_of_the_grid_is_told_once_whatever_else_happens(bench_of):
    link = ACyclicLink()
    bench = bench_of(link, heartbeat=0.0007, stale_after=1).begin()
    for _ in range(20):
        link.session.room()  # is looked at in between
        bench.advance(0.0005)
    slots = [slot for slot, _ in link.ticks]
    assert slots == [slots[0] + PERIOD * number for number in range(10)]
    assert [now for _, now in link.ticks] == slots
    link.session.down("gone")
    bench.advance(0.005)
    assert len(link.ticks) == 15  # connected or not


@pytest.mark.rule("GATE-29")
def test_slots_that_passed_meanwhile_are_not_told(bench_of):
    link = ACyclicLink()
    bench = bench_of(link).begin()

    def takes_long() -> None:
        link.ticking = nothing
        bench.executor.spend(3 * PERIOD + PERIOD // 2)

    link.ticking = takes_long
    bench.advance(0.001)
    bench.advance(0.002)
    slots = [slot for slot, _ in link.ticks]
    assert [(slot - slots[0]) // PERIOD for slot in slots] == [0, 3, 4, 5]
    assert [now - slot for slot, now in link.ticks] == [0, PERIOD // 2, 0, 0]


@pytest.mark.rule("GATE-29", "GATE-14")
def test_what_a_cycle_brings_is_published_in_it_and_has_one_time(bench_of):
    link = ACyclicLink()
    bench = bench_of(link).begin()
    readers = [bench.reader(name) for name in ("a", "b")]

    def brings() -> None:
        for name in ("a", "b"):
            link.session.received(name, b"1", timestamp_ns=12345)

    link.ticking = brings
    before = bench.executor.executions("lab/gateway")
    bench.advance(0.001)
    assert [reader.try_recv().timestamp_ns for reader in readers] == [12345, 12345]
    assert bench.executor.executions("lab/gateway") == before + 1


@pytest.mark.rule("GATE-29")
def test_what_a_cycle_says_of_the_link_is_heard_before_the_next_one(bench_of):
    link = ACyclicLink()
    link.opening = nothing
    bench = bench_of(link).begin()
    link.ticking = lambda: link.session.up()
    bench.advance(0.001)
    assert bench.states() == ["Up"]
    link.ticking = lambda: link.session.degraded("short")
    bench.advance(0.001)
    assert bench.states() == ["Degraded"]


@pytest.mark.rule("GATE-29")
def test_a_cycle_that_raises_breaks_the_link_and_not_the_executor(bench_of):
    link = ACyclicLink()
    bench = bench_of(link).begin()

    def fails() -> None:
        raise OSError("dead")

    link.ticking = fails
    bench.advance(0.005)
    assert (bench.state, bench.reason) == ("Down", "OSError: dead")
    link.ticking = nothing
    bench.advance(0.3)
    assert bench.state == "Up"


def outlives_an_outage(bench: Bench) -> list[bytes]:
    """What arrives of a value that was accepted before an outage, and of one afterwards."""
    writer = bench.writer()
    bench.link.sending = lambda _: False
    writer.send(b"before")
    bench.executor.run_until_idle()
    bench.link.opening = nothing
    bench.link.session.down("gone")
    bench.advance(0.3)
    assert bench.state == "Connecting"
    writer.send(b"since")
    bench.link.sending = lambda _: True
    bench.link.session.up()
    bench.executor.run_until_idle()
    return bench.link.sent


@pytest.mark.rule("GATE-34")
def test_only_a_link_that_does_not_send_late_is_spared_what_was_accepted_before_an_outage(bench_of):
    assert outlives_an_outage(bench_of().begin()) == [b"before", b"since"]
    bench = bench_of(APresentLink()).begin()
    assert outlives_an_outage(bench) == [b"since"]
    counted = bench.connector.gateway_stats()["out c"]
    assert (counted.messages, counted.drops) == (1, 1)


@pytest.mark.rule("GATE-34")
def test_what_waits_for_the_first_connection_is_sent(bench_of):
    bench = bench_of(APresentLink())
    writer = bench.writer()
    bench.link.opening = nothing
    bench.begin()
    writer.send(b"early")
    bench.link.session.up()
    bench.executor.run_until_idle()
    assert bench.link.sent == [b"early"]
