"""Death watch on every runtime."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import taktora
from taktora import (
    Actor,
    Context,
    Executor,
    Item,
    Overflow,
    Remove,
    Supervision,
    Terminated,
)
from taktora.errors import WrongType
from tests.runtimes import driven, eventually

pytestmark = pytest.mark.virtual


class Guard(Item):
    """Watches whom it is told to, and keeps what it hears."""

    item_id = "guard"

    def __init__(self) -> None:
        self.heard: list[Terminated] = []
        self.news = threading.Event()

    def on_receive(self, message: Any, ctx: Context) -> Any:
        if isinstance(message, Terminated):
            self.heard.append(message)
            self.news.set()
        elif isinstance(message, tuple):
            do, ref = message
            getattr(ctx, do)(ref)
        return len(self.heard)


class Idle(Item):
    def __init__(self, item_id: str = "idle") -> None:
        self.item_id = item_id

    def on_receive(self, message: Any, ctx: Context) -> None:
        if message == "fail":
            raise ValueError("planted")


class Plain(Actor):
    def on_receive(self, message: Any) -> None:
        raise ValueError("planted")


@pytest.mark.rule("ACT-25")
@pytest.mark.parametrize("how", ["stop", "remove", "fails", "chain"])
def test_a_watcher_is_told_once_when_an_actor_ends(executor: Executor, how: str) -> None:
    guard = Guard()
    ref = executor.add(guard)
    target: Any = executor.add(Idle())
    if how == "fails":
        target = executor.spawn(Plain, id="plain")
    elif how == "chain":
        target = executor.add_chain([Idle("a"), Idle("b")], id="line")
    with driven(executor):
        ref.ask(("watch", target), timeout=10)
        ref.ask(("watch", target), timeout=10)
        assert ref.ask("?", timeout=10) == 0
        if how == "stop":
            target.stop(timeout=10)
        elif how == "remove":
            executor.scheduler.ask(Remove(target.item_id))
        elif how == "fails":
            target.tell("now")
        else:
            executor.scheduler.ask(Remove("b"))
        eventually(executor, guard.news)
        assert ref.ask("?", timeout=10) == 1
    assert guard.heard == [Terminated(target, target.item_id)]


@pytest.mark.rule("ACT-25")
def test_whoever_has_ended_already_is_reported_at_once(executor: Executor) -> None:
    guard = Guard()
    ref, target = executor.add(guard), executor.add(Idle())
    target.stop()
    again = executor.add(Idle())  # its id is taken by another one now
    with driven(executor):
        ref.ask(("watch", target), timeout=10)
        eventually(executor, guard.news)
    assert guard.heard == [Terminated(target, "idle")]
    assert again.is_alive()


@pytest.mark.rule("ACT-25")
def test_a_restart_is_no_end_and_unwatched_is_untold(executor: Executor) -> None:
    guard = Guard()
    ref = executor.add(guard)
    restarted = executor.add(Idle, supervision=Supervision.restart())
    other = executor.add(Idle("other"))
    with driven(executor):
        ref.ask(("watch", restarted), timeout=10)
        ref.ask(("watch", other), timeout=10)
        restarted.tell("fail")
        restarted.ask("alive?", timeout=10)
        ref.ask(("unwatch", other), timeout=10)
        other.stop(timeout=10)
        assert ref.ask("?", timeout=10) == 0
    assert guard.heard == []


@pytest.mark.rule("ACT-25")
def test_an_actor_of_another_executor_can_be_watched(
    make_executor: Callable[..., Executor],
) -> None:
    here, there = make_executor(), make_executor(worker_threads=1)
    guard = Guard()
    ref, target = here.add(guard), there.add(Idle())
    with driven(here):
        ref.ask(("watch", target), timeout=10)
        there.close()
        eventually(here, guard.news)
    assert guard.heard == [Terminated(target, "idle")]


@pytest.mark.rule("ACT-25", "ACT-18")
def test_a_notice_without_room_is_a_dead_letter_and_one_to_the_dead_is_nothing(
    executor: Executor,
) -> None:
    guard, dead = Guard(), Idle("dead")
    ref = executor.add(guard, mailbox_capacity=1, overflow=Overflow.REJECT)
    gone, target = executor.add(dead), executor.add(Idle())
    executor.watch(ref, target)
    executor.watch(gone, target)
    gone.stop()
    ref.tell("takes the only place")
    target.stop()
    [letter] = executor.dead_letters
    assert letter.message == Terminated(target, "idle")
    assert letter.item_id == "guard"


@pytest.mark.rule("ACT-25")
def test_what_cannot_be_watched_is_refused(executor: Executor) -> None:
    errors: list[Exception] = []

    def attempt(ctx: Context) -> None:
        try:
            ctx.watch("idle")  # type: ignore[arg-type]
        except WrongType as error:
            errors.append(error)
        ctx.stop_executor()

    executor.add(taktora.item(attempt, triggers=lambda on: on.interval(0.001)))
    executor.run()
    assert "only the ref of an actor" in str(errors[0])
    with pytest.raises(WrongType, match="cannot be watched"):
        executor.watch(executor.add(Idle()), executor.scheduler)
