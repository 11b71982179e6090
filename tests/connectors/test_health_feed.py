"""Subscriptions, the feed and the keeper: bounded, counted, in order, forgotten, never in the way."""

from __future__ import annotations

import gc
import itertools
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors import Connecting, Degraded, Down, HealthEvent, Up
from taktora.connectors.health import LEGAL
from taktora.connectors.health_feed import HealthFeed, HealthSubscription
from taktora.connectors.health_keeper import HealthKeeper
from taktora.errors import InvalidArgument, WrongType

START = datetime(2030, 1, 1, tzinfo=UTC)


def event(number: int, by: str = "") -> HealthEvent:
    return HealthEvent(Up(), Degraded(by), START + timedelta(seconds=number))


def number_of(one: HealthEvent) -> int:
    return round((one.at - START).total_seconds())


@pytest.fixture
def eager_switching() -> Iterator[None]:
    """Threads take turns as often as the interpreter can make them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(*jobs: Callable[[], Any]) -> list[Any]:
    """Run all at the same time; what they returned. Raises what one of them raised."""
    results: list[Any] = [None] * len(jobs)
    errors: list[BaseException] = []
    ready = threading.Barrier(len(jobs))

    def run(at: int) -> None:
        ready.wait()
        try:
            results[at] = jobs[at]()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


@pytest.mark.rule("CORE-20")
@given(capacity=st.integers(1, 8), takes=st.lists(st.booleans(), max_size=60))
def test_a_full_subscription_drops_the_oldest_and_counts_it(capacity: int, takes: list[bool]):
    feed = HealthFeed()
    subscription = feed.subscribe(capacity)
    model: list[HealthEvent] = []
    dropped = 0
    for number, take in enumerate(takes):
        if take:
            assert subscription.try_next() is (model.pop(0) if model else None)
        else:
            feed.emit(one := event(number))
            model.append(one)
            if len(model) > capacity:
                model.pop(0)
                dropped += 1
        assert subscription.dropped == dropped
    assert list(subscription) == model
    assert subscription.try_next() is None
    assert (subscription.capacity, subscription.dropped) == (capacity, dropped)


@pytest.mark.rule("CORE-20")
@pytest.mark.parametrize(
    ("capacity", "error"),
    [
        (0, InvalidArgument),
        (-1, InvalidArgument),
        (True, WrongType),
        (2.0, WrongType),
        (None, WrongType),
    ],
)
def test_a_capacity_that_cannot_be_is_refused(capacity: Any, error: type[Exception]):
    for subscribe in (HealthSubscription, HealthFeed().subscribe, HealthKeeper().subscribe):
        with pytest.raises(error, match="capacity"):
            subscribe(capacity)


@pytest.mark.rule("CORE-20")
def test_a_subscription_holds_64_unless_told_otherwise():
    feed = HealthFeed()
    subscription = feed.subscribe()
    for number in range(100):
        feed.emit(event(number))
    assert (subscription.capacity, subscription.dropped) == (64, 36)
    assert [number_of(one) for one in subscription] == list(range(36, 100))


@pytest.mark.rule("CORE-21")
def test_a_subscription_is_given_what_comes_after_it_and_nothing_from_before():
    feed = HealthFeed()
    early = feed.subscribe()
    feed.emit(event(0))
    late = feed.subscribe()
    feed.emit(event(1))
    assert [[number_of(one) for one in each] for each in (early, late)] == [[0, 1], [1]]


@pytest.mark.rule("CORE-21")
@pytest.mark.usefixtures("eager_switching")
def test_many_threads_feed_and_read_and_each_event_is_taken_once_or_counted():
    feed = HealthFeed()
    roomy, narrow = feed.subscribe(10_000), feed.subscribe(3)
    done = threading.Event()
    each = 2000

    def feeder(name: str) -> Callable[[], None]:
        return lambda: [feed.emit(event(number, name)) for number in range(each)] and None

    def reader() -> list[HealthEvent]:
        taken: list[HealthEvent] = []
        while not done.is_set():
            taken += narrow
        return taken

    def all_feeders() -> None:
        try:
            together(*(feeder(name) for name in "abcd"))
        finally:
            done.set()

    _, *taken = together(all_feeders, reader, reader)
    taken.append(list(narrow))
    came = [(one.to.reason, number_of(one)) for one in roomy]  # type: ignore[union-attr]
    assert roomy.dropped == 0
    assert sorted(came) == [(name, number) for name in "abcd" for number in range(each)]
    for name in "abcd":
        assert [number for by, number in came if by == name] == list(range(each))
    got = [id(one) for some in taken for one in some]
    assert len(set(got)) == len(got), "an event was taken twice"
    assert len(got) + narrow.dropped == 4 * each


@pytest.mark.rule("CORE-22")
def test_a_subscription_that_nobody_holds_is_forgotten():
    feed = HealthFeed()
    kept, lost = feed.subscribe(), feed.subscribe()
    gone = weakref.ref(lost)
    del lost
    gc.collect()
    assert gone() is None
    feed.emit(event(0))
    assert len(feed._subscriptions) == 1
    assert [number_of(one) for one in kept] == [0]


@pytest.mark.rule("CORE-22")
def test_a_thousand_forgotten_subscriptions_leave_nothing_even_if_nothing_is_emitted():
    feed = HealthFeed()
    for _ in range(1000):
        feed.subscribe()
    assert len(feed._subscriptions) == 1


@pytest.mark.rule("CORE-22")
def test_a_closed_subscription_lets_go_of_what_waits_and_takes_no_more():
    feed = HealthFeed()
    with feed.subscribe(2) as subscription:
        feed.emit(one := event(0))
    held = weakref.ref(one)
    del one
    assert held() is None
    feed.emit(event(1))
    subscription._put(event(2))  # as by one who looked before it was closed
    assert subscription.closed
    assert subscription.try_next() is None
    assert (subscription.capacity, subscription.dropped, list(subscription)) == (2, 0, [])
    subscription.close()
    assert feed._subscriptions == ()


@pytest.mark.rule("CORE-23")
def test_an_event_can_be_emitted_while_a_reader_is_in_the_middle_of_reading():
    """In one thread: if the reader held anything up, this would never end."""
    keeper = HealthKeeper(now=START)
    subscription = keeper.subscribe(2)
    keeper.become(Up())
    for one in subscription:
        if type(one.to) is Up:
            keeper.become(Degraded("seen"))
            keeper.become(Down("seen", START))
    assert keeper.health == Down("seen", START)


@pytest.mark.rule("CORE-23")
@pytest.mark.usefixtures("eager_switching")
def test_threads_subscribe_close_and_forget_while_others_emit():
    feed = HealthFeed()
    steady = feed.subscribe(10_000)

    def come_and_go() -> None:
        for number in range(300):
            subscription = feed.subscribe(2)
            if number % 2:
                subscription.close()

    def emit() -> None:
        for number in range(500):
            feed.emit(event(number))

    together(come_and_go, emit, come_and_go, emit)
    assert len(list(steady)) == 1000
    feed.emit(event(0))
    assert len(feed._subscriptions) == 1


@pytest.mark.rule("CORE-21")
@pytest.mark.usefixtures("eager_switching")
def test_of_many_threads_that_subscribe_at_the_same_time_none_is_left_out():
    feed = HealthFeed()

    def subscribe() -> list[HealthSubscription]:
        return [feed.subscribe() for _ in range(150)]

    made = [one for some in together(*[subscribe] * 4) for one in some]
    feed.emit(event(7))
    assert [len(list(one)) for one in made] == [1] * 600


def whole(events: list[HealthEvent], begin: object) -> bool:
    """Whether they are one unbroken, legal way from ``begin`` that never goes back in time."""
    states = [begin, *(one.to for one in events)]
    return (
        all(one.from_ is state for one, state in zip(events, states, strict=False))
        and all(type(one.to) in LEGAL[type(one.from_)] for one in events)
        and all(one.at <= two.at for one, two in itertools.pairwise(events))
    )


HEALTHS = (Up(), Connecting(START), Degraded("why"), Down("why", START))


@pytest.mark.rule("CORE-24")
@given(steps=st.lists(st.sampled_from(HEALTHS), max_size=30))
def test_a_keeper_gets_from_anywhere_to_anywhere_and_emits_each_step(steps: list[Any]):
    keeper = HealthKeeper(now=START)
    begin = keeper.health
    subscription = keeper.subscribe(1000)
    emitted: list[HealthEvent] = []
    for health in steps:
        before = keeper.health
        events = keeper.become(health)
        assert keeper.health is (before if type(before) is type(health) else health)
        assert len(events) <= 2
        emitted += events
    assert list(subscription) == emitted
    assert whole(emitted, begin)


@pytest.mark.rule("CORE-24")
def test_another_reason_of_the_same_kind_is_no_transition():
    keeper = HealthKeeper(now=START)
    keeper.become(Degraded("one"))
    subscription = keeper.subscribe()
    assert keeper.become(Degraded("two")) == ()
    assert subscription.try_next() is None
    assert keeper.health == Degraded("one")


@pytest.mark.rule("CORE-24")
@pytest.mark.parametrize(
    ("health", "now"), [(None, None), (Up(), START.replace(tzinfo=None)), (Up(), 5)]
)
def test_what_a_keeper_refuses_changes_and_emits_nothing(health: Any, now: Any):
    keeper = HealthKeeper(now=START)
    keeper.become(Down("why", START))
    subscription = keeper.subscribe()
    with pytest.raises((WrongType, InvalidArgument)):
        keeper.become(health, now=now)
    assert keeper.health == Down("why", START)
    assert subscription.try_next() is None


@pytest.mark.rule("CORE-24")
@pytest.mark.usefixtures("eager_switching")
def test_many_threads_change_health_and_every_subscription_sees_the_same_unbroken_way():
    keeper = HealthKeeper(now=START)
    begin = keeper.health
    subscriptions = [keeper.subscribe(100_000) for _ in range(3)]

    def change(shift: int) -> Callable[[], None]:
        return lambda: (
            [keeper.become(HEALTHS[(number * shift) % 4]) for number in range(400)] and None
        )

    together(*(change(shift) for shift in (1, 3, 5, 7)))
    ways = [list(subscription) for subscription in subscriptions]
    assert ways[0] == ways[1] == ways[2]
    assert len(ways[0]) > 400
    assert whole(ways[0], begin)
    assert keeper.health is ways[0][-1].to
