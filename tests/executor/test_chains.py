"""Chains on every runtime: order, ends, values, messages, refs."""

from __future__ import annotations

import ctypes
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

import taktora
from taktora import (
    ActorDeadError,
    ControlFlow,
    Executor,
    Item,
    ItemFailed,
    Pause,
    Remove,
    Resume,
    Supervision,
    node,
)
from taktora.errors import DuplicateItem, GraphInvalid, InvalidArgument, WrongType
from tests.runtimes import driven

from .parts import Notes, Part

pytestmark = pytest.mark.virtual

STOP = ControlFlow.STOP_CHAIN


@pytest.mark.rule("GRAPH-10")
def test_a_chain_runs_its_items_in_order(executor: Executor) -> None:
    log: list[Any] = []
    executor.add_chain([Part(log, "a", every=0.005), Part(log, "b"), Part(log, "c")])
    executor.run_n(3)
    assert log == ["a", "b", "c"] * 3


@pytest.mark.rule("GRAPH-11")
@pytest.mark.parametrize("at", [0, 1, 2])
def test_stop_chain_ends_this_run_and_not_the_next(executor: Executor, at: int) -> None:
    log: list[Any] = []
    parts = [
        Part(log, name, every=0.005 if name == "a" else None, flow=STOP if n == at else None)
        for n, name in enumerate("abc")
    ]
    executor.add_chain(parts)
    executor.run_n(2)
    assert log == list("abc"[: at + 1]) * 2


@pytest.mark.rule("NODE-06", "GRAPH-11")
def test_an_error_in_the_middle_ends_the_run_with_the_nodes_id(executor: Executor) -> None:
    log: list[Any] = []
    error = ValueError("planted")
    executor.add_chain(
        [Part(log, "a", every=0.005), Part(log, "b", error=error), Part(log, "c")], id="line"
    )
    with pytest.raises(ItemFailed, match=r"item 'b' \(part of 'line'\) failed.*planted") as caught:
        executor.run()
    assert caught.value.item_id == "b"
    assert caught.value.composition == "line"
    assert caught.value.__cause__ is error
    assert log == ["a", "b"]


@pytest.mark.rule("NODE-06")
def test_each_node_is_supervised_by_its_own_policy(executor: Executor) -> None:
    log: list[Any] = []
    born: list[int] = []

    class Fragile(Item):
        item_id = "fragile"

        def __init__(self) -> None:
            born.append(len(born))

        def execute(self) -> None:
            log.append("fragile")
            if len(born) == 1:
                raise ValueError("planted")

    executor.add_chain(
        [
            Part(log, "a", every=0.005),
            node(Fragile, supervision=Supervision.restart(max_restarts=1)),
            Part(log, "c"),
        ]
    )
    executor.run_n(2)
    assert born == [0, 1]
    assert log == ["a", "fragile", "a", "fragile", "c"]


@pytest.mark.rule("NODE-03")
def test_values_pass_along_and_the_triggers_say_from_whom(executor: Executor) -> None:
    log: list[Any] = []
    a = Part(log, "a", every=0.005, emits=1)
    b = Part(log, "b", emits=lambda value: value + 1)
    c = Part(log, "c", act=lambda ctx: log.append(ctx.triggers[0].source))
    executor.add_chain([a, b, c])
    executor.run_n(1)
    assert (a.inputs, b.inputs, c.inputs) == ([None], [1], [2])
    assert (a.kinds, b.kinds, c.kinds) == ([("interval",)], [("predecessor",)], [("predecessor",)])
    assert log == ["a", "b", "c", "b"]


@pytest.mark.rule("NODE-04")
def test_a_message_begins_a_run_and_an_ask_is_answered_by_the_last_node(executor: Executor) -> None:
    log: list[Any] = []
    double = Part(log, "double", emits=lambda value: value * 2)
    add = Part(log, "add", emits=lambda value: value + 1)
    ref = executor.add_chain([double, add], id="sum")
    with driven(executor):
        assert ref.ask(20, timeout=10) == 41
        ref.tell(1)
        assert ref.ask(0, timeout=10) == 1
    assert double.inputs == [20, 1, 0]
    assert double.kinds == [("message",)] * 3


@pytest.mark.rule("NODE-04")
def test_an_ask_is_answered_none_when_stopped_and_with_the_error_when_a_node_raised(
    executor: Executor,
) -> None:
    log: list[Any] = []
    stops = executor.add_chain([Part(log, "a", flow=STOP, emits=1), Part(log, "b", emits=2)])
    fails = executor.add_chain(
        [Part(log, "c"), Part(log, "d", error=ValueError("planted"))],
        supervision=Supervision.resume(),
    )
    with driven(executor):
        assert stops.ask("go", timeout=10) is None
        with pytest.raises(ValueError, match="planted"):
            fails.ask("go", timeout=10)
        assert fails.is_alive()


@pytest.mark.rule("NODE-01")
def test_every_node_has_a_ref_and_answers_messages_of_its_own(executor: Executor) -> None:
    log: list[Any] = []
    chain = executor.add_chain([Part(log, "a"), Part(log, "b")], id="line")
    assert chain.item_id == "line"
    assert chain.node_ids == ("a", "b")
    ref = executor.ref("b")
    assert ref is not None
    with driven(executor):
        assert ref.ask("hello", timeout=10) == "hello"
    assert log == [("b", "hello")]


@pytest.mark.rule("NODE-01")
@pytest.mark.real("threads that overlap")
def test_a_node_is_on_one_thread_at_a_time_messages_included(
    make_executor: Callable[..., Executor],
) -> None:
    executor = make_executor(worker_threads=4)
    inside, overlaps = threading.Lock(), []
    done = threading.Event()

    class Shared(Item):
        item_id = "shared"
        count = 0

        def touch(self) -> None:
            if not inside.acquire(blocking=False):
                overlaps.append(self.count)
                return
            self.count += 1
            sum(range(50))
            inside.release()

        def execute(self) -> None:
            self.touch()

        def on_receive(self, message: object, ctx: taktora.Context) -> None:
            self.touch()
            if message == "last":
                done.set()

    log: list[Any] = []
    ref = executor.add_chain([Part(log, "a"), Shared(), Part(log, "c")])
    shared = executor.ref("shared")
    assert shared is not None
    with driven(executor):
        for number in range(500):
            ref.tell(number)
            shared.tell(number)
        shared.tell("last")
        assert done.wait(60)
        assert ref.ask("end", timeout=60) is None
    assert overlaps == []
    assert log.count("c") == 501


@pytest.mark.rule("NODE-02")
def test_only_the_heads_triggers_count_and_the_log_says_so(
    executor: Executor, caplog: pytest.LogCaptureFixture
) -> None:
    log: list[Any] = []
    with caplog.at_level(logging.WARNING, "taktora"):
        executor.add_chain([Part(log, "a", every=0.005), Part(log, "b", every=0.0001)], id="line")
    assert "the triggers of 'b' are ignored" in caplog.text
    executor.run_n(2)
    assert log == ["a", "b"] * 2


@pytest.mark.rule("GRAPH-14")
def test_a_chain_that_leaves_data_behind_is_woken_again_until_it_has_taken_all(
    executor: Executor,
) -> None:
    channel = executor.channel("numbers", ctypes.c_uint64)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    taken: list[int] = []

    @taktora.on(subscriber)
    def take(ctx: taktora.Context) -> None:
        sample = subscriber.take()
        assert sample is not None
        ctx.emit(sample.payload.value)

    executor.add_chain([take, taktora.item(lambda ctx: taken.append(ctx.input))])
    for number in range(5):
        publisher.send_copy(number)
    executor.run_until(lambda: len(taken) == 5)
    assert taken == [0, 1, 2, 3, 4]


@pytest.mark.rule("GRAPH-15")
def test_a_chain_that_stops_the_executor_is_finished_first(executor: Executor) -> None:
    log: list[Any] = []
    executor.add_chain(
        [
            Part(log, "a", every=0.005, act=lambda ctx: ctx.stop_executor()),
            Part(log, "b"),
            Part(log, "c"),
        ]
    )
    executor.run()
    assert log == ["a", "b", "c"]


@pytest.mark.rule("GRAPH-16")
def test_a_paused_node_keeps_the_chain_from_running_until_it_is_resumed(executor: Executor) -> None:
    log: list[Any] = []
    ref = executor.add_chain([Part(log, "a"), Part(log, "b")])
    with driven(executor):
        executor.scheduler.ask(Pause("b"))
        ref.tell("go")
        executor.scheduler.ask(taktora.Describe())
        assert log == []
        executor.scheduler.ask(Resume("b"))
        assert ref.ask("go on", timeout=10) is None
    assert log == ["a", "b", "a", "b"]


@pytest.mark.rule("NODE-05")
@pytest.mark.parametrize("victim", ["line", "b"])
@pytest.mark.parametrize("running", [True, False])
def test_a_chain_lives_and_ends_as_a_whole(executor: Executor, victim: str, running: bool) -> None:
    log: list[Any] = []
    stopped: list[str] = []

    class Ends(Part):
        def on_stop(self) -> None:
            assert self.item_id is not None
            stopped.append(self.item_id)

    parts = [Ends(log, name) for name in "abc"]
    ref = executor.add_chain(parts, id="line")
    if running:
        with driven(executor):
            executor.scheduler.ask(Remove(victim))
    else:
        executor.scheduler.ask(Remove(victim))
    assert sorted(stopped) == ["a", "b", "c"]
    assert not ref.is_alive()
    with pytest.raises(ActorDeadError):
        ref.tell("too late")
    assert executor.ref("a") is None
    executor.add_chain(parts, id="line")  # ids and objects are free again


@pytest.mark.rule("NODE-05")
def test_stopping_a_node_through_its_ref_ends_the_chain(executor: Executor) -> None:
    log: list[Any] = []
    chain = executor.add_chain([Part(log, "a"), Part(log, "b")])
    ref = executor.ref("b")
    assert ref is not None
    with driven(executor):
        assert ref.stop(timeout=10)
        assert chain.stop(timeout=10) in (True, False)
    assert not chain.is_alive()
    assert executor.ref("a") is None


@pytest.mark.rule("NODE-07")
def test_ids_are_the_items_own_or_made_from_the_chains(executor: Executor) -> None:
    def nothing() -> None:
        pass

    own = taktora.item(nothing, id="own")
    ref = executor.add_chain([taktora.item(nothing), own, node(taktora.item(nothing), id="given")])
    assert ref.item_id.startswith("chain-")
    assert ref.node_ids == (f"{ref.item_id}.0", "own", "given")


@pytest.mark.rule("NODE-07", "GRAPH-01")
def test_what_cannot_be_added_adds_nothing(executor: Executor) -> None:
    log: list[Any] = []
    taken, twice = Part(log, "taken"), Part(log, "twice")
    executor.add(taken)

    def attempts() -> list[tuple[type[Exception], Callable[[], object]]]:
        return [
            (GraphInvalid, lambda: executor.add_chain([])),
            (WrongType, lambda: executor.add_chain("ab")),  # type: ignore[arg-type]
            (WrongType, lambda: executor.add_chain([Part(log, "x"), 3])),  # type: ignore[list-item]
            (DuplicateItem, lambda: executor.add_chain([Part(log, "x"), taken])),
            (DuplicateItem, lambda: executor.add_chain([twice, twice])),
            (DuplicateItem, lambda: executor.add_chain([Part(log, "x"), Part(log, "x")])),
            (DuplicateItem, lambda: executor.add_chain([Part(log, "x")], id="taken")),
            (DuplicateItem, lambda: executor.add_chain([Part(log, "x")], id="x")),
            (InvalidArgument, lambda: executor.add_chain([Part(log, "x")], id="")),
            (InvalidArgument, lambda: executor.add_chain([Part(log, "x")], placement="moon")),
            (WrongType, lambda: executor.add_chain([node(Part(log, "x"), supervision=3)])),  # type: ignore[arg-type]
            (
                WrongType,
                lambda: executor.add_chain([Part(log, "x")], supervision=Supervision.restart()),
            ),
            (InvalidArgument, lambda: executor.add_chain([node(Part(log, "x"), placement="x")])),
            (WrongType, lambda: Part(log, "x") >> 3),
            (GraphInvalid, lambda: Part(log, "x") >> []),
        ]

    for error, attempt in attempts():
        with pytest.raises(error):
            attempt()
    assert [actor.actor_id for actor in executor.scheduler.ask(taktora.Describe()).actors] == [
        "taken"
    ]
    executor.add_chain([twice, Part(log, "x")], id="y")  # nothing of all that was kept


@pytest.mark.rule("GRAPH-04")
def test_arrows_make_a_chain(executor: Executor) -> None:
    log: list[Any] = []
    sketch = Part(log, "a", every=0.005) >> Part(log, "b") >> Part(log, "c")
    ref = executor.add(sketch, id="line")
    assert ref.kind == "chain"
    assert "Part('a') >> Part('b') >> Part('c')" in repr(sketch)
    executor.run_n(1)
    assert log == ["a", "b", "c"]


@pytest.mark.rule("GRAPH-12")
def test_the_observer_sees_a_run_its_nodes_and_who_was_cancelled(
    make_executor: Callable[..., Executor], workers: int
) -> None:
    notes = Notes()
    executor = make_executor(worker_threads=workers, observer=notes)
    log: list[Any] = []
    parts = [Part(log, "a", every=0.005), Part(log, "b", flow=STOP), Part(log, "c")]
    parts[0].app_id, parts[1].app_id = 7, 8
    executor.add_chain(parts, id="line")
    executor.run_n(1)
    seen = [entry for entry in notes.seen if "executor" not in entry[0]]
    assert seen == [
        ("composition_start", "line", 1),
        ("app_start", "a", 7, None),
        ("app_stop", "a"),
        ("app_start", "b", 8, None),
        ("app_stop", "b"),
        ("cancelled", "c"),
        ("composition_end", "line", 1, "stopped"),
    ]
    ids = {entry[1]: entry[1] for entry in seen}
    assert ids["b"].composition == "line"
    assert ids["b"].predecessors == ("a",)
    assert ids["line"].composition is None


def test_a_composition_has_no_proxy(executor: Executor) -> None:
    ref = executor.add_chain([Part([], "a")], id="line")
    with pytest.raises(WrongType, match="has no attributes of its own"):
        ref.proxy()


@pytest.mark.parametrize("shape", ["chain", "graph"])
def test_statistics_count_the_whole_and_each_node(executor: Executor, shape: str) -> None:
    log: list[Any] = []
    a, b, c = Part(log, "a", every=0.005), Part(log, "b"), Part(log, "c")
    executor.add(a >> b if shape == "chain" else a >> [b, c], id="whole")
    executor.run_n(4)
    stats = executor.stats()
    assert (stats["a"].count, stats["b"].count, stats["whole"].count) == (4, 4, 4)
    whole = stats["whole"]
    assert whole.took_min_ns is not None
    assert whole.took_min_ns >= (stats["a"].took_min_ns or 0)
    assert whole.lateness_max_ns is not None
    assert whole.jitter_max_ns is not None
