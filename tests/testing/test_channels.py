"""Channels and services of a simulation: who is woken, what faults do to it, and what is replayed."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import taktora
from taktora.errors import InvalidArgument, SimulationError
from taktora.testing import SimulatedExecutor, Trace, faults, simulate

from .test_simulated import MS

ROOT = Path(__file__).parent.parent.parent


class Part(ctypes.Structure):
    _fields_ = (("number", ctypes.c_uint32), ("good", ctypes.c_bool))


class Sink(taktora.Item):
    """Takes what there is, and remembers each execution."""

    def __init__(self, name: str, subscriber: Any, within: float | None = None) -> None:
        self.item_id = name
        self.subscriber = subscriber
        self.within = within
        self.got: list[list[int]] = []
        self.why: list[str] = []

    def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
        if self.within is None:
            on.subscriber(self.subscriber)
        else:
            on.deadline(self.subscriber, self.within)

    def execute(self, ctx: taktora.Context) -> None:
        self.why += [fired.kind for fired in ctx.triggers]
        self.got.append([sample.payload.number for sample in self.subscriber])


def sinks(sim: SimulatedExecutor, *names: str, **options: Any) -> list[Sink]:
    channel = sim.channel("parts", Part)
    made = [Sink(name, channel.subscriber(), **options) for name in names]
    for sink in made:
        sim.add(sink)
    return made


@pytest.mark.parametrize("workers", [0, 2])
def test_a_publish_from_outside_wakes_whoever_subscribes(workers: int) -> None:
    with SimulatedExecutor(None, worker_threads=workers) as sim:
        a, b = sinks(sim, "a", "b")
        sim.start()
        outcome = sim.publish("parts", Part(1, True))
        assert (outcome.sent, outcome.listeners_notified) == (True, 2)
        assert sim.ready == ("a", "b")
        sim.publish("parts", Part(2, True))
        sim.run_until_idle()
        assert a.got == b.got == [[1, 2]]
        assert sim.stats()["a"].coalesced == 1
        with pytest.raises(InvalidArgument, match="no channel 'bolts' is open"):
            sim.publish("bolts", Part())


def test_order_across_publishers_is_a_choice_and_order_of_one_is_not() -> None:
    seen: set[tuple[int, ...]] = set()
    for seed in range(30):
        with SimulatedExecutor(seed) as sim:
            (sink,) = sinks(sim, "sink")
            channel = sim.outside.channel("parts", Part)
            one, two = channel.publisher(), channel.publisher()
            for number in range(3):
                one.send_copy(Part(number, True))
                two.send_copy(Part(10 + number, True))
            sim.run_until_idle()
            seen.add(order := tuple(sink.got[0]))
            assert [n for n in order if n < 10] == [0, 1, 2]
            assert [n for n in order if n >= 10] == [10, 11, 12]
            assert any(event.kind == "take" for event in sim.trace)
    assert len(seen) > 5
    with SimulatedExecutor(None) as sim:
        (sink,) = sinks(sim, "sink")
        sim.publish("parts", Part(1, True))
        sim.outside.channel("parts", Part).publisher().send_copy(Part(2, True))
        sim.publish("parts", Part(3, True))
        sim.run_until_idle()
        assert sink.got == [[1, 2, 3]]


@pytest.mark.rule("VIRT-22")
def test_a_dropped_notification_wakes_nobody_and_the_next_one_finds_the_data() -> None:
    with SimulatedExecutor() as sim:
        a, b = sinks(sim, "a", "b")
        sim.start()
        sim.inject(faults.Drop("parts", times=2))  # one for each subscriber
        sim.publish("parts", Part(1, True))
        assert sim.ready == ()
        sim.publish("parts", Part(2, True))
        sim.run_until_idle()
        assert a.got == b.got == [[1, 2]]
        sim.inject(faults.Drop("b"))
        sim.publish("parts", Part(3, True))
        sim.run_until_idle()
        assert (a.got[-1], b.got[-1]) == ([3], [1, 2])


@pytest.mark.rule("VIRT-23")
@pytest.mark.parametrize("name", ["parts", "a"])
def test_a_duplicate_wakes_once_more_and_finds_nothing(name: str) -> None:
    with SimulatedExecutor() as sim:
        (a,) = sinks(sim, "a")
        sim.start()
        sim.inject(faults.Duplicate(name))
        sim.publish("parts", Part(1, True))
        assert sim.ready == ("a",)
        sim.run_until_idle()
        # Both are in before it runs, so they are one execution; the second is counted.
        assert a.got == [[1]]
        assert sim.stats()["a"].coalesced == 1
        sim.publish("parts", Part(2, True))
        sim.run_until_idle()
        assert a.got == [[1], [2]]


def test_a_deadline_is_missed_in_virtual_time_and_re_armed_by_data() -> None:
    with SimulatedExecutor() as sim:
        (sink,) = sinks(sim, "sink", within=0.05)
        sim.start()
        sim.advance(0.03)
        sim.publish("parts", Part(1, True))
        sim.advance(0.049)
        assert sink.why == ["subscriber"]
        sim.advance(0.001)
        assert sink.why == ["subscriber", "deadline_missed"]
        sim.advance(0.1)
        assert sink.why.count("deadline_missed") == 3


def test_a_service_answers_in_virtual_time() -> None:
    class Doubler(taktora.Item):
        item_id = "doubler"

        def __init__(self, server: Any) -> None:
            self.server = server

        def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
            on.server(self.server)

        def execute(self, ctx: taktora.Context) -> None:
            for request in self.server:
                with request:
                    request.respond(2 * request.payload)

    with SimulatedExecutor(worker_threads=1) as sim:
        service = sim.service("double", ctypes.c_int, ctypes.c_int)
        sim.add(Doubler(service.server()))
        sim.takes("doubler", 0.003)
        client = sim.outside.service("double", ctypes.c_int, ctypes.c_int).client()
        pending = client.send_copy(21)
        sim.advance(0.01)
        response = pending.take()
        assert response is not None
        assert response.payload == 42
    requests = Trace([event for event in sim.trace if event.kind == "request"])
    with SimulatedExecutor() as again, pytest.raises(SimulationError, match="request on 'double'"):
        again.replay(requests)


def build(sim: SimulatedExecutor) -> None:
    sinks(sim, "a", "b")
    counts = sim.channel("counts", bytes)
    publisher = counts.publisher()

    @taktora.every(0.004)
    def count(ctx: taktora.Context) -> None:
        publisher.send_copy(str(ctx.scheduled_ns).encode())

    @taktora.on(counts.subscriber())
    def listen() -> None: ...

    sim.add(count, id="count")
    sim.add(listen, id="listen")


@pytest.mark.rule("VIRT-33")
@pytest.mark.parametrize("seed", range(5))
def test_what_was_published_from_outside_is_replayed(seed: int) -> None:
    with SimulatedExecutor(seed, worker_threads=1) as sim:
        build(sim)
        sim.advance(0.01)
        sim.publish("parts", Part(7, False))
        sim.inject(faults.Drop("a"))
        others = [sim.outside.channel("counts", bytes).publisher() for _ in range(3)]
        for other in (others[1], others[0], others[1]):
            other.send_copy(b"outside")
        sim.at(13 * MS, lambda: sim.publish("parts", Part(8, True)))
        sim.at(13 * MS, lambda: sim.publish("parts", Part(9, True)))
        sim.advance(0.01)
        sim.publish_bytes("parts", bytes(Part(10, True)))
        sim.step()
        sim.advance(0.02)
        trace = Trace.from_text(sim.trace.to_text())
    assert [e.at for e in trace if e.kind == "arrive"] == [13 * MS] * 2
    with SimulatedExecutor(worker_threads=1) as again:
        build(again)
        again.replay(trace)
        assert again.trace.to_text() == trace.to_text()


def test_bytes_of_the_wrong_length_are_refused() -> None:
    with simulate(build) as sim, pytest.raises(InvalidArgument, match="payloads of 8 bytes, not 3"):
        sim.publish_bytes("parts", b"123")


WITHOUT = """
import sys
sys.modules["iceoryx2"] = None  # an import of it raises
import ctypes, threading
before = threading.active_count()
def no(self): raise AssertionError("a thread was started")
threading.Thread.start = no
import taktora
from taktora.testing import simulate, faults
def build(executor):
    channel = executor.channel("x", ctypes.c_int)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    @taktora.every(0.01)
    def send(): publisher.send_copy(1)
    @taktora.on(subscriber)
    def take():
        for sample in subscriber: print(sample.payload)
    executor.add(send); executor.add(take)
    executor.add_chain([taktora.item(lambda ctx: ctx.emit(ctx.input))], id="chain")
with simulate(build, worker_threads=4) as sim:
    sim.advance(0.03)
    print(sim.ref("chain").ask("asked"))
    print(sim.topology(), sim.stats())
assert threading.active_count() == before
assert sys.modules["iceoryx2"] is None
"""


@pytest.mark.rule("VIRT-13")
def test_a_simulation_needs_neither_iceoryx2_nor_a_thread() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=60,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.startswith("1\n1\n1\nasked\n")


@pytest.mark.rule("VIRT-03")
@pytest.mark.parametrize("delay", [False, True])
def test_what_a_slow_execution_sends_comes_out_at_its_end(delay: bool) -> None:
    with SimulatedExecutor(None, worker_threads=2) as sim:
        (sink,) = sinks(sim, "sink")
        publisher = sim.channel("parts", Part).publisher()
        at: list[int] = []

        class Slow(taktora.Item):
            item_id = "slow"

            def on_receive(self, message: int, ctx: taktora.Context) -> None:
                at.append(ctx.now_ns // MS)
                publisher.send_copy(Part(message, True))

        ref = sim.add(Slow())
        sim.advance(0.001)
        if delay:
            sim.inject(faults.Delay("slow", 0.005))
        else:
            sim.takes("slow", 0.005)
        ref.tell(1)
        ref.tell(2)
        sim.advance(0.0049)
        assert sink.got == []
        sim.advance(0.0001)
        assert (at, sink.got) == ([1, 6], [[1, 2]]) if delay else ([1], [[1]])
        sim.advance(0.01)
        assert [number for taken in sink.got for number in taken] == [1, 2]


@pytest.mark.rule("VIRT-03")
def test_who_asked_a_busy_item_is_answered_when_all_is_closed() -> None:
    with SimulatedExecutor(worker_threads=1) as sim:
        ref = sim.add(taktora.item(lambda: None), id="busy")
        sim.takes("busy", 1)
        promise = ref.ask("?", block=False)
        sim.step()
        assert sim.ready == ()
        sim.close()
        with pytest.raises(taktora.ActorDeadError):
            promise.get()
