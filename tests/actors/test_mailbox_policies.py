"""A full mailbox: who is told, what goes, what is counted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import taktora
from tests.actors.conftest import LIMIT, EchoItem
from tests.runtimes import driven

pytestmark = pytest.mark.virtual

Make = Callable[..., taktora.Executor]


class Letters(taktora.Observer):
    def __init__(self) -> None:
        self.seen: list[taktora.DeadLetter] = []

    def on_dead_letter(self, letter: taktora.DeadLetter) -> None:
        self.seen.append(letter)


class Keeping(taktora.Item):
    def __init__(self) -> None:
        self.got: list[Any] = []

    def on_receive(self, message: Any, ctx: taktora.Context) -> None:
        self.got.append(message)


def full(
    make_executor: Make, workers: int, overflow: taktora.Overflow, capacity: int = 3
) -> tuple[taktora.Executor, Keeping, taktora.ItemRef, Letters]:
    letters, item = Letters(), Keeping()
    executor = make_executor(worker_threads=workers, observer=letters)
    ref = executor.add(item, id="small", mailbox_capacity=capacity, overflow=overflow)
    for n in range(capacity):
        ref.tell(n)
    return executor, item, ref, letters


def drained(executor: taktora.Executor, item: Keeping, count: int) -> list[Any]:
    executor.run_until(lambda: len(item.got) >= count)
    return item.got


@pytest.mark.rule("ACT-16")
def test_reject_tells_the_sender_who_is_full_and_how_full(
    make_executor: Make, workers: int
) -> None:
    executor, item, ref, letters = full(make_executor, workers, taktora.Overflow.REJECT)
    for call in (lambda: ref.tell("x"), lambda: ref.ask("x", block=False).get()):
        with pytest.raises(taktora.MailboxFull, match=r"'small' holds 3 messages"):
            call()
    stats = executor.stats()["small"]
    assert (stats.rejected, stats.dropped, stats.mailbox_depth, stats.mailbox_peak) == (2, 0, 3, 3)
    assert stats.mailbox_capacity == 3
    assert letters.seen == []  # its sender knows: no dead letter
    assert drained(executor, item, 3) == [0, 1, 2]


@pytest.mark.rule("ACT-16", "ACT-18")
@pytest.mark.parametrize(
    ("overflow", "gone", "kept"),
    [
        (taktora.Overflow.DROP_OLDEST, [0, 1], [2, "x", "y"]),
        (taktora.Overflow.DROP_NEWEST, ["x", "y"], [0, 1, 2]),
    ],
)
def test_a_drop_is_counted_and_becomes_a_dead_letter(
    make_executor: Make, workers: int, overflow: taktora.Overflow, gone: list[Any], kept: list[Any]
) -> None:
    executor, item, ref, letters = full(make_executor, workers, overflow)
    ref.tell("x")
    ref.tell("y")
    stats = executor.stats()
    assert (stats["small"].dropped, stats["small"].rejected) == (2, 0)
    assert stats["small"].mailbox_depth == stats["small"].mailbox_peak == 3
    assert stats.dead_letters == 2
    assert [letter.message for letter in letters.seen] == gone
    assert list(executor.dead_letters) == letters.seen
    for letter in letters.seen:
        assert letter.item_id == "small"
        assert overflow.value in letter.reason
        assert not letter.answered
    assert drained(executor, item, 3) == kept


@pytest.mark.rule("ACT-16")
def test_an_asker_whose_message_is_dropped_is_told(make_executor: Make, workers: int) -> None:
    executor, _, ref, letters = full(make_executor, workers, taktora.Overflow.DROP_NEWEST)
    with pytest.raises(taktora.MailboxFull, match="small"):
        ref.ask("x", block=False).get()
    assert letters.seen[-1].answered

    old = executor.add(
        Keeping(), id="old", mailbox_capacity=1, overflow=taktora.Overflow.DROP_OLDEST
    )
    first = old.ask("first", block=False)
    assert not first.done
    old.tell("second")
    with pytest.raises(taktora.MailboxFull, match="old"):
        first.get()


@pytest.mark.rule("ACT-16")
def test_a_stop_gets_into_a_full_mailbox(make_executor: Make, workers: int) -> None:
    executor = make_executor(worker_threads=workers)
    ref = executor.add(EchoItem(), id="small", mailbox_capacity=1)
    with driven(executor):
        executor.scheduler.ask(taktora.Pause("small"), timeout=LIMIT)
        waiting = ref.ask("waiting", block=False)
        stopping = ref.stop(block=False)
        executor.scheduler.tell(taktora.Resume("small"))
        assert waiting.get(timeout=LIMIT) == "waiting"
        assert stopping.get(timeout=LIMIT) is True


@pytest.mark.rule("ACT-17")
@pytest.mark.parametrize("overflow", list(taktora.Overflow))
@pytest.mark.real("threads that race")
def test_the_capacity_holds_against_four_senders_and_every_message_is_accounted_for(
    make_executor: Make, workers: int, overflow: taktora.Overflow
) -> None:
    capacity, each = 5, 1000
    executor = make_executor(worker_threads=workers, switch_interval=1e-5)
    item = Keeping()
    ref = executor.add(item, id="small", mailbox_capacity=capacity, overflow=overflow)
    rejected = [0] * 4
    start = threading.Barrier(4)

    def send(sender: int) -> None:
        start.wait(LIMIT)
        for n in range(each):
            try:
                ref.tell((sender, n))
            except taktora.MailboxFull:
                rejected[sender] += 1

    threads = [threading.Thread(target=send, args=(n,)) for n in range(4)]
    with driven(executor):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert ref.stop(timeout=LIMIT) is True  # behind all that got in
    inbox = ref.actor_inbox
    assert inbox.peak <= capacity
    assert inbox.rejected == sum(rejected)
    assert len(item.got) + inbox.dropped + inbox.rejected == 4 * each
    for sender in range(4):
        numbers = [n for s, n in item.got if s == sender]
        assert numbers == sorted(numbers)


@pytest.mark.rule("ACT-18")
def test_only_the_last_hundred_dead_letters_are_kept_but_all_are_counted(
    make_executor: Make,
) -> None:
    executor = make_executor()
    ref = executor.add(Keeping(), mailbox_capacity=1, overflow=taktora.Overflow.DROP_OLDEST)
    for n in range(151):
        ref.tell(n)
    assert [letter.message for letter in executor.dead_letters] == list(range(50, 150))
    assert executor.stats().dead_letters == 150
