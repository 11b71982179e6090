"""The queue between a protocol's threads and the gateway's actor."""

from __future__ import annotations

import threading
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors import Degraded, Down, Up
from taktora.connectors.inbound import Inbound

CAPACITY = 3


def inbound(capacity: int = CAPACITY) -> tuple[Inbound, list[None]]:
    rings: list[None] = []
    return Inbound(capacity, lambda: rings.append(None), clock=lambda: 7), rings


@pytest.mark.rule("GATE-10", "GATE-11")
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.just(True))
        | st.tuples(st.integers(0, 5), st.just(False))
    )
)
def test_each_channel_keeps_its_newest_and_what_went_shows_as_a_gap(steps):
    queue, _ = inbound()
    session = queue.new_session()
    waiting: list[tuple[str, int]] = []
    numbers: dict[str, int] = defaultdict(int)
    drops: dict[str, int] = defaultdict(int)
    for what, puts in steps:
        if puts:
            number = numbers[what]
            numbers[what] += 1
            session.received(what, str(number).encode())
            mine = [one for one in waiting if one[0] == what]
            if len(mine) == CAPACITY:
                waiting.remove(mine[0])
                drops[what] += 1
            waiting.append((what, number))
        else:
            taken = [(one.channel, one.sequence) for one in queue.take(what)]
            assert taken == waiting[:what]
            waiting = waiting[what:]
    assert len(queue) == len(waiting)
    assert queue.dropped == drops
    for one in queue.take(100):
        assert one.payload == str(one.sequence).encode()
        assert one.timestamp_ns == 7


@pytest.mark.rule("GATE-10", "GATE-11")
def test_many_threads_lose_nothing_that_is_not_counted():
    queue, _ = inbound(50)
    session = queue.new_session()
    threads = [
        threading.Thread(
            target=lambda name=name: [session.received(name, b"") for _ in range(2000)]
        )
        for name in "aabb"
    ]
    for thread in threads:
        thread.start()
    got: dict[str, list[int]] = defaultdict(list)
    while any(thread.is_alive() for thread in threads) or len(queue):
        for one in queue.take(7):
            got[one.channel].append(one.sequence)
    for thread in threads:
        thread.join()
    for name in "ab":
        assert got[name] == sorted(set(got[name]))
        assert len(got[name]) + queue.dropped.get(name, 0) == 4000
        assert got[name][-1] == 3999


@pytest.mark.rule("GATE-12")
def test_a_session_that_is_over_is_not_heard():
    queue, rings = inbound()
    old = queue.new_session()
    old.received("a", b"in time")
    rings.clear()
    session = queue.new_session()
    old.up()
    old.down("late")
    old.received("a", b"late")
    old.received_frame("a", lambda _: pytest.fail("not even made"))
    assert (old.over, session.over) == (True, False)
    assert not rings
    assert queue.take_reports() == []
    assert [one.payload for one in queue.take(9)] == [b"in time"]
    queue.end_session()
    session.up()
    assert queue.take_reports() == []
    assert repr(session) == "<Session 2, over>"


@pytest.mark.rule("GATE-12")
def test_what_was_said_before_a_session_ended_is_not_heard_after_it():
    queue, _ = inbound()
    queue.new_session().up()
    queue.end_session()
    assert queue.take_reports() == []


@pytest.mark.rule("GATE-12")
def test_whichever_thread_ends_a_session_nothing_of_it_comes_afterwards():
    queue, _ = inbound(10**6)
    for _ in range(200):
        session = queue.new_session()
        ended = threading.Event()

        def talks(session=session, ended=ended) -> None:
            while not ended.is_set():
                session.received("a", b"")

        thread = threading.Thread(target=talks)
        thread.start()
        queue.end_session()
        before = len(queue)
        ended.set()
        thread.join()
        assert len(queue) == before


@pytest.mark.rule("GATE-13")
def test_a_link_that_repeats_itself_fills_nothing():
    queue, rings = inbound()
    session = queue.new_session()
    for _ in range(1000):
        session.up()
    session.degraded("slow")
    for _ in range(1000):
        session.room()
    for _ in range(1000):
        session.down("gone")
    session.up()
    said = [report.health for report in queue.take_reports()]
    assert said[:3] == [Up(), Degraded("slow"), None]
    assert [type(one) for one in said[3:]] == [Down]
    assert len(rings) == 4


@pytest.mark.rule("GATE-27")
def test_nothing_is_done_any_more_for_a_session_that_has_said_that_it_is_down():
    queue, _ = inbound()
    session = queue.new_session()
    assert queue.unless_down(lambda: "done") == "done"
    session.down("gone")
    assert queue.unless_down(lambda: "done") is None
    queue.new_session()
    assert queue.unless_down(lambda: "done") == "done"


@pytest.mark.rule("GATE-10")
def test_a_frame_that_cannot_be_made_has_not_come():
    queue, _ = inbound()
    session = queue.new_session()
    with pytest.raises(ZeroDivisionError):
        session.received_frame("a", lambda _: 1 / 0)
    session.received_frame("a", lambda one: b"frame %d" % one.sequence)
    (one,) = queue.take(9)
    assert (one.payload, one.sequence, one.whole) == (b"frame 0", 0, False)
