"""A trace can be read, written, repeated, and says what differs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import taktora
from taktora.errors import InvalidArgument, NondeterminismError, SimulationError
from taktora.testing import Event, SimulatedExecutor, Trace, faults, simulate

from .test_simulated import Echo, Ticker

events = st.builds(
    Event,
    st.integers(0, 2**62),
    st.text(max_size=5),
    st.text(max_size=5),
    st.text(max_size=9),
    st.just(0),
)
choices = st.lists(st.text(max_size=3), min_size=2, max_size=4).flatmap(
    lambda among: st.builds(
        Event,
        st.integers(0, 9),
        st.just("run"),
        st.text(max_size=5),
        st.just(""),
        st.integers(0, len(among) - 1),
        st.just(tuple(among)),
    )
)


@pytest.mark.rule("VIRT-32")
@given(st.lists(events | choices, max_size=6), st.text(max_size=5))
def test_a_trace_is_read_back_as_it_was(happened: list[Event], title: str) -> None:
    trace = Trace(happened, title=title)
    again = Trace.from_text(trace.to_text())
    assert again == trace
    assert again.title == title
    assert again.to_text() == trace.to_text()


@pytest.mark.rule("VIRT-32")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an empty text"),
        ("hello", "line 1 is not of a taktora trace 1"),
        ('["taktora trace 9", "x"]', "line 1.*begins with 'taktora trace 9'"),
        ('["taktora trace 1", "x"]\n[0, "run"]', "line 2"),
        ('["taktora trace 1", "x"]\n[0, "run", "a", ""]\n{', "line 3"),
    ],
)
def test_a_text_that_is_no_trace_is_an_error_that_names_the_line(text: str, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        Trace.from_text(text)


def build(sim: SimulatedExecutor) -> None:
    for name in "abc":
        sim.add(Ticker(name), supervision=taktora.Supervision.resume())
    sim.add(Echo(), id="echo")


def scenario(sim: SimulatedExecutor) -> None:
    """Everything that a trace can hold."""
    sim.takes("b", 0.004)
    sim.advance(0.025)
    sim.ref("echo").tell([1, {"two": 3.0}])
    sim.inject(faults.Raise("c"))
    sim.inject(faults.Jump(0.05))
    sim.inject(faults.Stall(0.03))
    sim.advance(0.05)
    assert sim.ref("echo").ask({"x": 1}) == {"x": 1}
    promise = sim.ref("echo").ask("later", block=False)
    sim.scheduler.tell(taktora.Pause("b"))
    sim.run_until_idle()
    assert promise.get() == "later"
    sim.advance(0.0100000001)
    sim.step()
    sim.ref("a").stop()
    sim.stop()
    sim.run_for(0.03)
    sim.run_until(lambda: sim.executions("c") > 12)


@pytest.mark.rule("VIRT-33")
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("seed", [None, 0, 1, 7])
def test_a_replay_meets_every_event(workers: int, seed: int | None, tmp_path: Any) -> None:
    with SimulatedExecutor(seed, worker_threads=workers) as sim:
        build(sim)
        scenario(sim)
        sim.trace.save(tmp_path / "run.trace")
    met: list[Event] = []
    with SimulatedExecutor(99, worker_threads=workers) as again:
        build(again)
        again.replay(Trace.load(tmp_path / "run.trace"), met.append)
        assert again.trace.to_text() == sim.trace.to_text()
        assert met == sim.trace.events
        with pytest.raises(InvalidArgument, match="nothing has happened yet"):
            again.replay(sim.trace)


@pytest.mark.rule("VIRT-33")
def test_a_replay_that_comes_out_differently_shows_both_versions() -> None:
    with SimulatedExecutor() as sim:
        build(sim)
        sim.advance(0.01)
    with SimulatedExecutor() as again:
        again.add(Ticker("a"))
        again.add(Ticker("b", 0.02))
        again.add(Ticker("c"))
        with pytest.raises(NondeterminismError) as raised:
            again.replay(sim.trace)
    assert "event 2 was" in str(raised.value)
    assert str(sim.trace.events[1]) in str(raised.value)
    with SimulatedExecutor() as shorter:
        build(shorter)
        shorter.add(Ticker("d"))
        with pytest.raises(NondeterminismError):
            shorter.replay(sim.trace)
    with (
        SimulatedExecutor() as longer,
        pytest.raises(NondeterminismError, match="and is now\n    the end"),
    ):
        longer.replay(sim.trace)


@pytest.mark.rule("VIRT-34")
def test_a_message_that_a_trace_cannot_hold_is_an_error_when_it_is_replayed() -> None:
    with SimulatedExecutor() as sim:
        build(sim)
        sim.ref("echo").tell(object())
        sim.run_until_idle()
    assert [event.what for event in sim.trace][:2] == ["!object", "100000"]
    with SimulatedExecutor() as again:
        build(again)
        with pytest.raises(SimulationError, match=r"schedule=trace\.schedule"):
            again.replay(sim.trace)


@pytest.mark.rule("VIRT-31")
def test_a_schedule_repeats_the_choices_and_is_fifo_after_them() -> None:
    def ran(**options: Any) -> list[str]:
        with SimulatedExecutor(**options) as sim:
            build(sim)
            sim.advance(0.03)
            ran.schedule = sim.schedule  # type: ignore[attr-defined]
            return [event.who for event in sim.trace if event.kind == "run"]

    once = ran(seed=3)
    assert once != ran(seed=None)
    assert ran(seed=3) == once
    assert ran(schedule=ran.schedule) == once  # type: ignore[attr-defined]
    assert ran(schedule=(2, 1)) == list("cba") + list("abc") * 2


def a_line(executor: Any) -> None:
    build(executor)


@pytest.mark.rule("VIRT-35")
def test_an_exception_carries_the_line_that_brings_it_back() -> None:
    def failing(**options: Any) -> AssertionError:
        with (
            pytest.raises(AssertionError) as raised,
            simulate(a_line, worker_threads=1, **options) as sim,
        ):
            sim.advance(0.02)
            assert [e.who for e in sim.trace if e.kind == "run"] != ["c", "a", "b", "a", "b", "c"]
        return raised.value

    error = failing(schedule="tk1:2")
    notes = error.__notes__
    assert notes[0] == "to see it again: simulate(a_line, schedule='tk1:2', worker_threads=1)"
    assert notes[1] == "schedule: FIFO except step 1: ran 'c' before 'a', 'b'"
    assert notes[2] == "what happened:"
    assert notes[-1].split() == ["0.020000", "run", "c:", "interval"]


def test_simulate_closes_and_begins_the_run() -> None:
    with simulate(a_line) as sim:
        assert sim.running
    assert sim.closed
    with pytest.raises(taktora.errors.WrongType, match="build"):
        simulate("nothing").__enter__()  # type: ignore[arg-type]


def test_a_trace_can_be_read_by_people() -> None:
    with simulate(a_line, None) as sim:
        sim.ref("echo").tell("hello")
        sim.step("echo")
        sim.advance(0.01)
    assert str(sim.trace).splitlines() == [
        "simulated: 8 events, schedule tk1:",
        "    0.000000  begin",
        "    0.000000  tell echo: 'hello'",
        "    0.000000  step echo",
        "    0.000000    run echo: message 'hello'",
        "    0.000000  advance: 10000000",
        "    0.010000    run a: interval",
        "    0.010000    run b: interval",
        "    0.010000    run c: interval",
    ]
