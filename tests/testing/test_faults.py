"""What is injected happens, once, to whom it was meant for, and is written down."""

from __future__ import annotations

from typing import Any

import pytest

import taktora
from taktora.errors import InvalidArgument, UnknownItem, WrongType
from taktora.testing import SimulatedExecutor, faults

from .test_simulated import MS, Echo, Ticker


def failures(sim: SimulatedExecutor) -> list[str]:
    return [event.what for event in sim.trace if event.kind == "failed"]


@pytest.mark.rule("VIRT-20")
def test_raise_fails_so_many_executions_and_no_others() -> None:
    ticker, other = Ticker("ticker"), Ticker("other")
    with SimulatedExecutor(supervision=taktora.Supervision.resume()) as sim:
        sim.add(ticker)
        sim.add(other)
        sim.inject(faults.Raise("ticker", times=2, message="no part"))
        sim.advance(0.05)
        assert (len(ticker.at), len(other.at)) == (3, 5)
        assert failures(sim) == ["InjectedError: no part"] * 2
        assert sim.stats()["ticker"].failures == 2


@pytest.mark.rule("VIRT-20")
def test_raise_fails_a_message_to_its_asker() -> None:
    with SimulatedExecutor() as sim:
        ref = sim.add(Echo(), id="echo")
        sim.inject(faults.Raise("echo"))
        with pytest.raises(faults.InjectedError, match="injected"):
            ref.ask(1)
        assert ref.ask(2) == 2


@pytest.mark.rule("VIRT-21")
@pytest.mark.parametrize("workers", [0, 1])
def test_delay_makes_so_many_executions_take_longer(workers: int) -> None:
    with SimulatedExecutor(worker_threads=workers) as sim:
        sim.add(Ticker("ticker"))
        sim.inject(faults.Delay("ticker", 0.002))
        sim.inject(faults.Delay("ticker", 0.001))
        sim.advance(0.04)
        stats = sim.stats()["ticker"]
        assert stats.count == 4
        assert stats.took_max_ns == 2 * MS
        assert stats.took_mean_ns == 0.75 * MS


@pytest.mark.rule("VIRT-24")
def test_kill_leaves_it_to_supervision() -> None:
    made: list[Ticker] = []

    def make() -> Ticker:
        made.append(Ticker("ticker"))
        return made[-1]

    with SimulatedExecutor() as sim:
        sim.add(make, supervision=taktora.Supervision.restart())
        sim.advance(0.02)
        sim.inject(faults.Kill("ticker"))
        sim.advance(0.03)
        assert [len(one.at) for one in made] == [2, 2]
        assert failures(sim) == ["InjectedError: killed"]


@pytest.mark.rule("VIRT-26")
def test_a_restarted_item_is_as_exposed_as_the_first_one() -> None:
    with SimulatedExecutor(worker_threads=1) as sim:
        sim.add(lambda: Ticker("ticker"), supervision=taktora.Supervision.restart())
        sim.takes("ticker", 0.001)
        sim.inject(faults.Raise("ticker", times=3))
        sim.advance(0.05)
        assert len(failures(sim)) == 3
        assert sim.stats()["ticker"].took_min_ns == MS


@pytest.mark.rule("VIRT-24")
def test_stall_keeps_one_worker_busy() -> None:
    with SimulatedExecutor(None, worker_threads=2) as sim:
        for name in "ab":
            sim.add(Ticker(name))
            sim.takes(name, 0.001)
        sim.inject(faults.Stall(0.0105))
        sim.advance(0.011)
        began = [(event.who, event.at) for event in sim.trace if event.kind == "run"]
        # One worker for both: b has to wait, for the stalled one or for a's.
        assert began == [("a", 10 * MS), ("b", 10 * MS + MS // 2)]


@pytest.mark.rule("VIRT-24")
def test_stall_without_a_pool_stops_the_driver() -> None:
    with SimulatedExecutor() as sim:
        ticker = Ticker("ticker")
        sim.add(ticker)
        sim.advance(0.01)
        sim.inject(faults.Stall(0.015))
        sim.advance(0.01)
        assert ticker.at == [10 * MS, 25 * MS, 30 * MS]


@pytest.mark.rule("VIRT-24")
def test_a_jump_of_the_clock_makes_timers_late_and_counts_what_was_skipped() -> None:
    with SimulatedExecutor() as sim:
        ticker = Ticker("ticker")
        sim.add(ticker)
        sim.advance(0.01)
        sim.inject(faults.Jump(0.055))
        sim.advance(0.01)
        assert ticker.at == [10 * MS, 65 * MS, 70 * MS]
        assert sim.stats()["ticker"].skipped == 4


@pytest.mark.rule("VIRT-25")
@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (faults.Raise("nobody"), "no item with id 'nobody'.*'ticker'"),
        (faults.Delay("nobody", 1), "no item with id 'nobody'"),
        (faults.Kill("nobody"), "no item with id 'nobody'"),
        (faults.Drop("nothing"), "nobody waits for a channel or service 'nothing'"),
        (faults.Duplicate("nothing"), "nobody waits for a channel or service 'nothing'"),
    ],
)
def test_a_fault_about_somebody_unknown_changes_nothing(fault: Any, message: str) -> None:
    with SimulatedExecutor() as sim:
        sim.add(Ticker("ticker"))
        with pytest.raises(UnknownItem, match=message):
            sim.inject(fault)
        assert len(sim.trace) == 0


@pytest.mark.rule("VIRT-25")
@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: faults.Raise(""), WrongType),
        (lambda: faults.Raise(3), WrongType),  # type: ignore[arg-type]
        (lambda: faults.Raise("x", times=0), InvalidArgument),
        (lambda: faults.Raise("x", times=True), WrongType),
        (lambda: faults.Delay("x", 0), InvalidArgument),
        (lambda: faults.Delay("x", "1"), WrongType),  # type: ignore[arg-type]
        (lambda: faults.Stall(float("nan")), InvalidArgument),
        (lambda: faults.Jump(-1), InvalidArgument),
        (lambda: SimulatedExecutor().inject("raise"), WrongType),  # type: ignore[arg-type]
    ],
)
def test_a_fault_that_cannot_be_is_refused(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        make()


@pytest.mark.parametrize(
    "fault",
    [
        faults.Raise("a", 2, 'with "quotes"'),
        faults.Delay("a", 0.25, 3),
        faults.Drop("c"),
        faults.Duplicate("c", 4),
        faults.Kill("a"),
        faults.Stall(1.5),
        faults.Jump(3600),
    ],
)
def test_faults_survive_being_written_down(fault: Any) -> None:
    assert faults.from_text(faults.to_text(fault)) == fault


@pytest.mark.parametrize("text", ["", "{}", '{"fault": "Nothing"}', '{"fault": "Raise"}', "[1]"])
def test_a_text_that_is_no_fault_is_an_error(text: str) -> None:
    with pytest.raises(InvalidArgument, match="is no fault"):
        faults.from_text(text)
