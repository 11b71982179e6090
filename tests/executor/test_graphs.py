"""Graphs on every runtime: joins, cancellation, parallelism, building."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import taktora
from taktora import ControlFlow, Executor, Item, ItemFailed, Supervision
from taktora.core.plan import Plan
from taktora.errors import ActorDeadError, GraphInvalid, WrongType
from taktora.errors import ItemFailed as Failed
from taktora.testing.strategies import dags
from tests.runtimes import driven

from .parts import Notes, Part

pytestmark = pytest.mark.virtual

STOP = ControlFlow.STOP_CHAIN


def diamond(executor: Executor, parts: list[Item], **options: Any) -> taktora.CompositionRef:
    builder = executor.add_graph(**options)
    a, b, c, d = map(builder.vertex, parts)
    builder.root(a)
    for before, after in ((a, b), (a, c), (b, d), (c, d)):
        builder.edge(before, after)
    return builder.build()


@pytest.mark.rule("GRAPH-10")
def test_a_diamond_runs_every_vertex_once_per_run_and_joins(executor: Executor) -> None:
    log: list[Any] = []
    diamond(executor, [Part(log, "a", every=0.005), *(Part(log, name) for name in "bcd")])
    executor.run_n(3)
    for at in (0, 4, 8):
        assert log[at] == "a"
        assert sorted(log[at + 1 : at + 3]) == ["b", "c"]
        assert log[at + 3] == "d"
    assert len(log) == 12


@pytest.mark.rule("NODE-03", "NODE-04")
def test_a_join_gets_a_tuple_in_the_order_of_the_edges(executor: Executor) -> None:
    log: list[Any] = []
    join = Part(log, "d", emits=lambda values: values, act=lambda ctx: sources.append(ctx.triggers))
    sources: list[Any] = []
    ref = diamond(
        executor,
        [Part(log, "a", emits=lambda v: v), Part(log, "b", emits="b"), Part(log, "c"), join],
    )
    with driven(executor):
        assert ref.ask("in", timeout=10) == ("b", None)
    assert [(fired.kind, fired.source, fired.value) for fired in sources[0]] == [
        ("predecessor", "b", "b"),
        ("predecessor", "c", None),
    ]


@pytest.mark.rule("NODE-04")
def test_an_ask_of_a_graph_with_several_ends_is_answered_with_a_tuple(executor: Executor) -> None:
    log: list[Any] = []
    ref = executor.add(
        Part(log, "a") >> [Part(log, "b", emits=1), Part(log, "c"), Part(log, "d", emits=3)]
    )
    assert ref.kind == "graph"
    with driven(executor):
        assert ref.ask(None, timeout=10) == (1, None, 3)


@pytest.mark.rule("GRAPH-04")
def test_arrows_make_a_graph(executor: Executor) -> None:
    log: list[Any] = []
    executor.add(
        Part(log, "a", every=0.005)
        >> [Part(log, "b"), Part(log, "c")]
        >> [Part(log, "d"), Part(log, "e")]
        >> Part(log, "f")
    )
    executor.run_n(1)
    assert [log[0], sorted(log[1:3]), sorted(log[3:5]), log[5]] == [
        "a",
        ["b", "c"],
        ["d", "e"],
        "f",
    ]
    with pytest.raises(GraphInvalid, match="two roots, 'x', 'y'"):
        executor.add([Part(log, "x"), Part(log, "y")] >> Part(log, "z"))


@pytest.mark.rule("GRAPH-11")
def test_the_root_that_stops_cancels_everything(executor: Executor) -> None:
    log: list[Any] = []
    parts = [Part(log, "a", every=0.005, flow=STOP), *(Part(log, name) for name in "bcd")]
    diamond(executor, parts)
    executor.run_n(2)
    assert log == ["a", "a"]


@pytest.mark.rule("GRAPH-11", "NODE-06")
def test_an_error_ends_the_run_with_the_vertex_and_cancels_what_follows(
    make_executor: Callable[..., Executor], workers: int
) -> None:
    notes = Notes()
    executor = make_executor(worker_threads=workers, observer=notes)
    log: list[Any] = []
    parts = [Part(log, "a", every=0.005), Part(log, "b", error=ValueError("planted"))]
    diamond(executor, [*parts, Part(log, "c"), Part(log, "d")], id="whole")
    with pytest.raises(Failed, match=r"item 'b' \(part of 'whole'\).*planted"):
        executor.run()
    assert "d" not in log
    assert ("cancelled", "d") in notes.seen
    assert notes.of("composition_end") == [("composition_end", "whole", 1, "failed")]
    assert [entry[1] for entry in notes.of("app_error")] == ["b"]


@pytest.mark.rule("NODE-06")
@pytest.mark.real("two threads that meet")
def test_two_vertices_that_fail_are_both_observed_and_the_first_decides(
    make_executor: Callable[..., Executor],
) -> None:
    notes = Notes()
    executor = make_executor(worker_threads=2, observer=notes)
    log: list[Any] = []
    both = threading.Barrier(2, timeout=30)

    def meet(_: object) -> None:
        both.wait()

    diamond(
        executor,
        [
            Part(log, "a", every=0.005),
            Part(log, "b", act=meet, error=ValueError("b")),
            Part(log, "c", act=meet, error=ValueError("c")),
            Part(log, "d"),
        ],
    )
    with pytest.raises(ItemFailed) as caught:
        executor.run()
    assert sorted(entry[1] for entry in notes.of("app_error")) == ["b", "c"]
    assert caught.value.item_id in ("b", "c")
    assert "d" not in log


@pytest.mark.rule("GRAPH-13")
@pytest.mark.real("two threads that meet")
def test_vertices_run_in_parallel_as_soon_as_they_may(
    make_executor: Callable[..., Executor],
) -> None:
    executor = make_executor(worker_threads=2)
    log: list[Any] = []
    both = threading.Barrier(2, timeout=30)

    def meet(_: object) -> None:
        both.wait()  # breaks unless the other one runs at the same time

    diamond(
        executor,
        [
            Part(log, "a", every=0.005),
            Part(log, "b", act=meet),
            Part(log, "c", act=meet),
            Part(log, "d"),
        ],
    )
    executor.run_n(1)
    assert log[-1] == "d"


@pytest.mark.rule("GRAPH-13", "LIFE-06")
@pytest.mark.real("a thread that waits")
def test_a_slow_vertex_delays_only_its_successors(make_executor: Callable[..., Executor]) -> None:
    executor = make_executor(worker_threads=2)
    log: list[Any] = []
    release, begun = threading.Event(), threading.Event()

    def slow(_: object) -> None:
        begun.set()
        assert release.wait(30)

    ticks: list[int] = []
    diamond(
        executor,
        [Part(log, "a"), Part(log, "b", act=slow), Part(log, "c"), Part(log, "d")],
        id="whole",
    ).tell("go")
    executor.add(
        taktora.item(lambda ctx: ticks.append(ctx.now_ns), triggers=lambda on: on.interval(0.005))
    )
    with driven(executor):
        assert begun.wait(30)
        seen = len(ticks)
        end = time.monotonic() + 30
        waiting = threading.Event()
        while len(ticks) < seen + 20 and time.monotonic() < end:
            waiting.wait(0.005)
        assert len(ticks) >= seen + 20  # the interval went on
        assert "c" in log
        assert "d" not in log
        release.set()
        assert executor.ref("whole") is not None
        assert executor.ref("whole").ask(None, timeout=30) is None  # type: ignore[union-attr]
    assert log.count("d") == 2


@pytest.mark.rule("NODE-04")
@pytest.mark.real("a thread that waits")
def test_who_asked_for_a_run_that_is_torn_down_is_answered(
    make_executor: Callable[..., Executor],
) -> None:
    executor = make_executor(worker_threads=2)
    log: list[Any] = []
    begun, release = threading.Event(), threading.Event()

    def block(_: object) -> None:
        begun.set()
        assert release.wait(30)

    ref = diamond(
        executor, [Part(log, "a"), Part(log, "b", act=block), *map(partial(Part, log), "cd")]
    )
    answer = ref.ask("go", block=False)

    def interrupt() -> bool:
        if begun.is_set():
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        executor.run_until(interrupt)
    executor.close()
    with pytest.raises(ActorDeadError):
        answer.get(timeout=10)
    release.set()


@pytest.mark.rule("GRAPH-03")
def test_vertices_of_another_graph_and_changes_after_build_are_refused(executor: Executor) -> None:
    log: list[Any] = []
    one, two = executor.add_graph(), executor.add_graph()
    a, b = one.vertex(Part(log, "a")), two.vertex(Part(log, "b"))
    for attempt in (lambda: one.edge(a, b), lambda: two.edge(a, b), lambda: one.root(b)):
        with pytest.raises(GraphInvalid, match="of another graph"):
            attempt()
    with pytest.raises(WrongType, match="what vertex\\(\\) returned"):
        one.root("a")  # type: ignore[arg-type]
    one.root(a)
    one.build()
    for late in (lambda: one.root(a), one.build, lambda: one.vertex(Part(log, "c"))):
        with pytest.raises(GraphInvalid, match="built already"):
            late()


@pytest.mark.rule("GRAPH-01")
def test_a_graph_that_is_refused_can_be_mended_and_built(executor: Executor) -> None:
    log: list[Any] = []
    builder = executor.add_graph(id="whole")
    a = builder.vertex(Part(log, "a", every=0.005), id="first")
    b = builder.vertex(Part(log, "b"))
    with pytest.raises(GraphInvalid, match="no root"):
        builder.build()
    builder.root(a)
    with pytest.raises(GraphInvalid, match="cannot be reached"):
        builder.build()
    assert executor.scheduler.ask(taktora.Describe()).actors == ()
    builder.edge(a, b)
    builder.build()
    executor.run_n(1)
    assert log == ["a", "b"]


class Vertex(Item):
    """Takes a while, and may stop or fail, as the dice say."""

    def __init__(self, item_id: str, rng: random.Random, log: list[tuple[str, str]]) -> None:
        self.item_id = item_id
        self.pause = rng.choice([0, 0, 0, 0.0005, 0.002])
        self.does = rng.choices(["go on", "stop", "raise"], [20, 1, 1])[0]
        self.log = log

    def execute(self) -> ControlFlow:
        assert self.item_id is not None
        self.log.append(("begin", self.item_id))
        if self.pause:
            threading.Event().wait(self.pause)  # lets go of the GIL, as real work does
        self.log.append(("end", self.item_id))
        if self.does == "raise":
            raise ValueError(self.item_id)
        return STOP if self.does == "stop" else ControlFlow.CONTINUE


@pytest.mark.rule("GRAPH-10", "GRAPH-11", "GRAPH-12")
@pytest.mark.parametrize("workers", [0, 1, 4])
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(plan=dags(), seed=st.integers(0, 2**32), resume=st.booleans())
def test_random_graphs_keep_the_laws_on_real_threads(
    domain: str, workers: int, plan: Plan, seed: int, resume: bool
) -> None:
    """As ``core/test_compositions.py``, with the real executor."""
    rng, log = random.Random(seed), []
    vertices = [Vertex(name, rng, log) for name in plan.ids]
    policy = Supervision.resume() if resume else Supervision.stop()
    with Executor(worker_threads=workers, domain=domain) as executor:
        builder = executor.add_graph(id="whole", supervision=policy)
        made = [builder.vertex(vertex) for vertex in vertices]
        for before, after in plan.edges:
            builder.edge(made[before], made[after])
        builder.root(made[plan.root])
        ref = builder.build()
        done = ref.ask("go", block=False)
        done.add_done_callback(lambda _: executor.stop())
        failed = None
        try:
            executor.run()
        except ItemFailed as error:
            failed = error.item_id
        ended = len(log)
        done.add_done_callback(lambda _: None)
    assert len(log) == ended
    begun = [name for what, name in log if what == "begin"]
    assert len(set(begun)) == len(begun)
    at = {entry: place for place, entry in enumerate(log)}
    for name in begun:
        for before in plan.predecessors[plan.ids.index(name)]:
            assert at["end", plan.ids[before]] < at["begin", name]
    does = {vertex.item_id: vertex.does for vertex in vertices}
    if all(does[name] == "go on" for name in begun):
        assert sorted(begun) == sorted(plan.ids)
    raised = [name for name in begun if does[name] == "raise"]
    assert (failed is not None) == (bool(raised) and not resume)
    assert failed is None or failed in raised
