"""The queue between a protocol's threads and the gateway: bounded, numbered, by session."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors.health import Degraded, Down, Up
from taktora.connectors.inbound import Arrived, Inbound


class Bell:
    """Counts how often it was rung."""

    def __init__(self) -> None:
        self.rings = 0

    def __call__(self) -> None:
        self.rings += 1


def made(capacity: int = 4) -> tuple[Inbound, Bell]:
    bell = Bell()
    return Inbound(capacity, bell, clock=lambda: 42), bell


def numbers(taken: list[Arrived], channel: str) -> list[int]:
    return [one.sequence for one in taken if one.channel == channel]


@pytest.mark.rule("PART-05", "PART-06", "PART-07")
@given(
    capacity=st.integers(1, 4),
    steps=st.lists(st.sampled_from(["a", "b", "c"]) | st.integers(0, 5), max_size=60),
)
def test_each_channel_keeps_its_newest_in_order_and_what_is_missing_is_counted(
    capacity: int, steps: list[str | int]
):
    inbound, _ = made(capacity)
    session = inbound.new_session()
    waiting: list[tuple[str, int]] = []
    count: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    for step in steps:
        if isinstance(step, int):
            taken = inbound.take(step)
            assert [(one.channel, one.sequence) for one in taken] == waiting[:step]
            assert all(one.payload == b"%d" % one.sequence for one in taken)
            del waiting[:step]
            continue
        session.received(step, b"%d" % count[step])
        mine = [one for one in waiting if one[0] == step]
        if len(mine) == capacity:
            waiting.remove(mine[0])
            dropped[step] += 1
        waiting.append((step, count[step]))
        count[step] += 1
        assert len(inbound) == len(waiting)
        assert inbound.dropped == dropped


@pytest.mark.rule("PART-06")
def test_a_full_channel_takes_no_room_from_another():
    inbound, _ = made(2)
    session = inbound.new_session()
    session.received("quiet", b"stays")
    for _ in range(100):
        session.received("loud", b"")
    taken = inbound.take(10)
    assert numbers(taken, "quiet") == [0]
    assert numbers(taken, "loud") == [98, 99]
    assert inbound.dropped == {"loud": 98}


@pytest.mark.rule("PART-05")
def test_what_came_with_a_payload_is_kept_with_it():
    inbound, _ = made()
    inbound.new_session().received("a", b"x", correlation_id=b"id", reserved=7)
    assert inbound.take(1) == [Arrived("a", b"x", 0, 42, b"id", 7)]


@pytest.mark.rule("PART-05")
def test_numbers_go_on_from_one_session_to_the_next():
    inbound, _ = made()
    inbound.new_session().received("a", b"")
    inbound.end_session()
    inbound.new_session().received("a", b"")
    assert numbers(inbound.take(9), "a") == [0, 1]  # and what came before the end has stayed


@pytest.mark.rule("PART-05")
def test_a_frame_that_could_not_be_made_uses_up_no_number():
    inbound, bell = made()
    session = inbound.new_session()

    def refuse(one: Arrived) -> bytes:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        session.received_frame("a", refuse)
    assert (len(inbound), bell.rings) == (0, 0)
    session.received_frame("a", lambda one: b"frame %d" % one.sequence)
    (one,) = inbound.take(9)
    assert (one.payload, one.sequence, one.whole) == (b"frame 0", 0, False)


@pytest.mark.rule("PART-08")
def test_what_a_session_that_is_over_says_is_ignored():
    inbound, bell = made()
    old = inbound.new_session()
    old.up()
    new = inbound.new_session()
    assert old.over
    assert not new.over
    assert inbound.take_reports() == []  # it was said before, and is not true any more
    rings = bell.rings
    old.received("a", b"late")
    old.received_frame("a", lambda _: b"late")
    for say in (old.up, old.room, lambda: old.degraded("late"), lambda: old.down("late")):
        say()
    assert (inbound.take(9), inbound.take_reports(), bell.rings) == ([], [], rings)
    new.received("a", b"now")
    assert numbers(inbound.take(9), "a") == [0]
    inbound.end_session()
    assert new.over


@pytest.mark.rule("PART-09")
def test_what_a_link_repeats_is_taken_in_once_and_nothing_counts_after_down():
    inbound, _ = made()
    session = inbound.new_session()
    for _ in range(1000):
        session.up()
    for _ in range(1000):
        session.room()
    session.degraded("slow")
    session.down("gone")
    session.up()
    session.down("gone again")
    said = [report.health for report in inbound.take_reports()]
    assert said[:3] == [Up(), None, Degraded("slow")]
    (last,) = said[3:]
    assert isinstance(last, Down)
    assert last.reason == "gone"


@pytest.mark.rule("PART-05", "PART-06")
def test_many_threads_use_each_number_once_and_every_payload_is_taken_or_counted():
    inbound, _ = made(8)
    session = inbound.new_session()
    each, threads = 500, 6
    done = threading.Event()
    taken: list[Arrived] = []

    def take() -> None:
        while not done.is_set() or len(inbound):
            taken.extend(inbound.take(5))

    def put(me: int) -> None:
        for number in range(each):
            session.received("ab"[me % 2], b"%d %d" % (me, number))

    taker = threading.Thread(target=take)
    putters = [threading.Thread(target=put, args=(me,)) for me in range(threads)]
    taker.start()
    for thread in putters:
        thread.start()
    for thread in putters:
        thread.join()
    done.set()
    taker.join()
    for channel in "ab":
        seen = numbers(taken, channel)
        assert seen == sorted(set(seen))
        assert seen[-1] == each * threads // 2 - 1
        assert len(seen) + inbound.dropped.get(channel, 0) == each * threads // 2
    order: dict[bytes, list[int]] = defaultdict(list)
    for one in taken:
        me, number = one.payload.split()
        order[me].append(int(number))
    assert all(found == sorted(found) for found in order.values())
