"""Every kind of trigger, on a real WaitSet, on every runtime."""

from __future__ import annotations

import ctypes
import itertools
import os
import socket
from collections.abc import Callable
from typing import Any

import iceoryx2 as iox
import pytest

import taktora
from taktora import Context, Executor, Item
from tests.runtimes import driven, eventually, pass_time, spend

pytestmark = pytest.mark.virtual


class Reading(ctypes.Structure):
    _fields_ = [("sequence", ctypes.c_uint64), ("value", ctypes.c_double)]


class Log:
    """What an item saw, and a way to wait for it."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self.kinds: list[tuple[str, ...]] = []

    def add(self, ctx: Context) -> None:
        self.kinds.append(tuple(fired.kind for fired in ctx.triggers))

    def wait(self, count: int) -> None:
        eventually(self.executor, lambda: len(self.kinds) >= count)


def logging_item(declare: Callable[[Any], object], log: Log, also: Any = None) -> Item:
    def execute(ctx: Context) -> None:
        if also is not None:
            also(ctx)
        log.add(ctx)

    return taktora.item(execute, triggers=declare)


@pytest.mark.rule("TRIG-01", "TRIG-02")
def test_data_on_a_subscriber_wakes_the_item_and_says_why(executor: Executor) -> None:
    channel = executor.channel("imu", Reading)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    log, seen, sources = Log(executor), [], []

    def drain(ctx: Context) -> None:
        seen.extend(sample.payload.sequence for sample in subscriber)
        sources.append(ctx.triggers[0].source)

    executor.add(logging_item(lambda on: on.subscriber(subscriber), log, drain))
    with driven(executor):
        for n in range(5):
            outcome = publisher.send_copy(Reading(n, 0.5))
            assert outcome.delivered_to_any_listener
            log.wait(n + 1)
    assert seen == [0, 1, 2, 3, 4]
    assert set(log.kinds) == {("subscriber",)}
    assert sources[0] is subscriber


@pytest.mark.rule("TRIG-03")
def test_one_notification_wakes_once_not_for_ever(executor: Executor) -> None:
    channel = executor.channel("once", Reading)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    log = Log(executor)
    executor.add(
        logging_item(lambda on: on.subscriber(subscriber), log, lambda _: list(subscriber))
    )
    publisher.send_copy(Reading(1, 0))
    executor.run_for(0.2)
    assert len(log.kinds) == 1


@pytest.mark.rule("TRIG-03")
def test_an_item_that_never_takes_is_woken_once_per_notification_and_does_not_spin(
    executor: Executor,
) -> None:
    channel = executor.channel("lazy", Reading)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    log = Log(executor)
    executor.add(logging_item(lambda on: on.subscriber(subscriber), log))
    with driven(executor):
        for n in range(3):
            publisher.send_copy(Reading(n, 0))
            log.wait(n + 1)
    executor.run_for(0.1)
    assert len(log.kinds) == 3


@pytest.mark.rule("TRIG-04")
def test_an_item_that_takes_one_sample_per_wake_gets_them_all(executor: Executor) -> None:
    channel = executor.channel("one-by-one", Reading)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    log, seen = Log(executor), []

    def take_one(_: Context) -> None:
        sample = subscriber.take()
        if sample is not None:
            seen.append(sample.payload.sequence)

    executor.add(logging_item(lambda on: on.subscriber(subscriber), log, take_one))
    for n in range(10):
        publisher.send_copy(Reading(n, 0))
    executor.run_until(lambda: len(seen) == 10)
    assert seen == list(range(10))


@pytest.mark.rule("TRIG-05")
def test_data_that_arrived_before_the_item_was_added_wakes_it(executor: Executor) -> None:
    channel = executor.channel("early", Reading)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    publisher.send_copy(Reading(7, 0))
    log = Log(executor)
    executor.add(
        logging_item(lambda on: on.subscriber(subscriber), log, lambda _: list(subscriber))
    )
    executor.run_n(1)
    assert log.kinds == [("subscriber",)]


@pytest.mark.rule("TRIG-06")
def test_two_items_on_one_subscriber_are_both_woken(executor: Executor) -> None:
    channel = executor.channel("shared", Reading)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    first, second = Log(executor), Log(executor)
    executor.add(logging_item(lambda on: on.subscriber(subscriber), first))
    executor.add(logging_item(lambda on: on.subscriber(subscriber), second))
    with driven(executor):
        publisher.send_copy(Reading(1, 0))
        first.wait(1)
        second.wait(1)
    assert len(first.kinds) == len(second.kinds) == 1


@pytest.mark.rule("TRIG-07")
def test_several_triggers_that_fire_together_are_one_execution(executor: Executor) -> None:
    a = executor.channel("a", Reading)
    b = executor.channel("b", Reading)
    pubs, subs = [a.publisher(), b.publisher()], [a.subscriber(), b.subscriber()]
    log = Log(executor)
    executor.add(logging_item(lambda on: on.subscriber(subs[0]).subscriber(subs[1]), log))
    for publisher in pubs:
        publisher.send_copy(Reading(1, 0))
    executor.run_for(0.1)
    assert sorted(kind for kinds in log.kinds for kind in kinds) == ["subscriber", "subscriber"]
    assert len(log.kinds) == 1


@pytest.mark.rule("TRIG-10", "TRIG-11")
def test_an_interval_ticks_on_the_grid_and_tells_its_slot(executor: Executor) -> None:
    slots, starts = [], []

    def tick(ctx: Context) -> None:
        slots.append(ctx.scheduled_ns)
        starts.append(ctx.now_ns)

    executor.add(taktora.item(tick, triggers=lambda on: on.interval(0.02)))
    executor.run_n(3)
    assert len(slots) == 3
    assert {b - a for a, b in itertools.pairwise(slots)} == {20_000_000}
    assert all(start >= slot for slot, start in zip(slots, starts, strict=True))


@pytest.mark.rule("TRIG-12")
def test_harmonic_intervals_coincide_on_every_second_tick(executor: Executor) -> None:
    fast, slow = [], []
    executor.add(
        taktora.item(lambda c: fast.append(c.scheduled_ns), triggers=lambda on: on.interval(0.01))
    )
    executor.add(
        taktora.item(lambda c: slow.append(c.scheduled_ns), triggers=lambda on: on.interval(0.02))
    )
    executor.run_until(lambda: len(slow) >= 5)
    assert set(slow) <= set(fast) | {slow[-1]}
    assert all((s - fast[0]) % 10_000_000 == 0 for s in slow)
    assert all((s - slow[0]) % 20_000_000 == 0 for s in slow)


@pytest.mark.rule("TRIG-12")
def test_an_interval_added_while_running_joins_the_same_grid(executor: Executor) -> None:
    first, second = [], []
    executor.add(
        taktora.item(lambda c: first.append(c.scheduled_ns), triggers=lambda on: on.interval(0.01))
    )
    late = taktora.item(
        lambda c: second.append(c.scheduled_ns), triggers=lambda on: on.interval(0.02)
    )
    added = []

    def predicate() -> bool:
        if len(first) >= 2 and not added:
            added.append(executor.add(late))
        return len(second) >= 3

    executor.run_until(predicate)
    assert all((s - first[0]) % 10_000_000 == 0 for s in second)


@pytest.mark.rule("TRIG-13")
def test_a_late_wake_up_runs_once_counts_the_skipped_slots_and_heals(
    make_executor: Callable[..., Executor],
) -> None:
    executor = make_executor()
    slots: list[int] = []

    def tick(ctx: Context) -> None:
        slots.append(ctx.scheduled_ns or 0)
        if len(slots) == 2:
            spend(executor, 0.055)  # the driver is held for five slots and a half

    ref = executor.add(taktora.item(tick, triggers=lambda on: on.interval(0.01)))
    executor.run_until(lambda: len(slots) >= 5)
    steps = [(b - a) // 10_000_000 for a, b in itertools.pairwise(slots)]
    assert steps[0] == 1
    assert steps[1] >= 5
    assert all((b - a) % 10_000_000 == 0 for a, b in itertools.pairwise(slots))
    assert executor.stats()[ref.item_id].skipped >= steps[1] - 1


@pytest.mark.rule("TRIG-13")
@pytest.mark.parametrize("missed", list(taktora.MissedTick))
def test_what_a_missed_tick_leads_to_is_the_items_choice(
    make_executor: Callable[..., Executor], missed: taktora.MissedTick
) -> None:
    executor = make_executor()
    slots: list[int] = []

    def tick(ctx: Context) -> None:
        slots.append(ctx.scheduled_ns or 0)
        if len(slots) == 1:
            spend(executor, 0.045)

    executor.add(taktora.item(tick, triggers=lambda on: on.interval(0.01, missed)))
    executor.run_until(lambda: len(slots) >= 8)
    steps = [b - a for a, b in itertools.pairwise(slots)]
    if missed is taktora.MissedTick.BURST:
        assert set(steps) == {10_000_000}  # every slot, none left out
    elif missed is taktora.MissedTick.SKIP:
        assert max(steps) >= 40_000_000
        assert all(step % 10_000_000 == 0 for step in steps)
    else:
        assert min(steps) >= 10_000_000  # a new grid from wherever it was


@pytest.mark.rule("TRIG-10")
def test_intervals_below_a_millisecond_are_kept(executor: Executor) -> None:
    count = []
    executor.add(taktora.item(lambda: count.append(1), triggers=lambda on: on.interval(0.0005)))
    executor.run_for(0.2)
    stats = next(iter(executor.stats().items.values()))
    slots = stats.count + stats.skipped  # 200 if it were rounded to a millisecond
    assert slots > 300
    assert len(count) == stats.count > 0


@pytest.mark.rule("TRIG-20", "TRIG-21")
def test_a_deadline_tells_arrival_from_miss_and_is_armed_anew_by_arrival(
    executor: Executor,
) -> None:
    channel = executor.channel("alive", Reading)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    log = Log(executor)
    item = logging_item(lambda on: on.deadline(subscriber, 0.15), log, lambda _: list(subscriber))
    executor.add(item)
    with driven(executor):
        for n in range(6):  # 6 x 50 ms of arrivals: twice the deadline, and no miss
            publisher.send_copy(Reading(n, 0))
            log.wait(n + 1)
            pass_time(executor, 0.05)
        log.wait(8)  # then silence
    assert log.kinds[:6] == [("subscriber",)] * 6
    assert log.kinds[6] == ("deadline_missed",)
    assert log.kinds[7] == ("deadline_missed",)


@pytest.mark.rule("TRIG-22")
def test_a_missed_deadline_says_when_it_was_due_and_what_was_silent(executor: Executor) -> None:
    channel = executor.channel("silent", Reading)
    subscriber = channel.subscriber()
    misses = []

    def execute(ctx: Context) -> None:
        misses.append((ctx.triggers[0], ctx.now_ns))

    executor.add(taktora.item(execute, triggers=lambda on: on.deadline(subscriber, 0.03)))
    executor.run_n(2)
    (first, seen), (second, _) = misses
    assert first.source is subscriber
    assert first.scheduled_ns <= seen
    assert (second.scheduled_ns - first.scheduled_ns) % 30_000_000 == 0


@pytest.mark.rule("TRIG-30")
def test_a_request_wakes_the_server_and_the_response_wakes_the_client(executor: Executor) -> None:
    service = executor.service("double", ctypes.c_uint64, ctypes.c_uint64)
    server, client = service.server(), service.client()
    asked, answered = Log(executor), Log(executor)
    answers: list[int] = []
    pending: list[Any] = []

    def serve(_: Context) -> None:
        while (request := server.take()) is not None:
            request.respond(int(request.payload) * 2)

    def collect(_: Context) -> None:
        for waiting in pending:
            answers.extend(int(response.payload) for response in waiting)

    executor.add(logging_item(lambda on: on.server(server), asked, serve))
    executor.add(logging_item(lambda on: on.client(client), answered, collect))
    with driven(executor):
        for n in (3, 4):
            pending.append(client.send_copy(ctypes.c_uint64(n)))
            answered.wait(len(pending))
    assert answers == [6, 8]
    assert set(asked.kinds) == {("server",)}
    assert set(answered.kinds) == {("client",)}


@pytest.mark.rule("TRIG-31")
@pytest.mark.real("iceoryx2 itself")
def test_a_raw_listener_wakes_with_its_event_ids_and_counts(executor: Executor) -> None:
    raw = executor.iceoryx_node
    event = raw.service_builder(iox.ServiceName.new("raw")).event().open_or_create()
    listener, notifier = event.listener_builder().create(), event.notifier_builder().create()
    log, events = Log(executor), []
    executor.add(
        logging_item(
            lambda on: on.listener(listener), log, lambda c: events.extend(c.triggers[0].events)
        )
    )
    with driven(executor):
        notifier.notify_with_custom_event_id(iox.EventId.new(5))
        log.wait(1)
        notifier.notify_with_custom_event_id(iox.EventId.new(9))
        log.wait(2)
    assert events == [(5, 1), (9, 1)]
    assert set(log.kinds) == {("listener",)}


@pytest.mark.rule("TRIG-32")
def test_a_readable_descriptor_wakes_once_per_read_and_not_while_it_is_being_read(
    executor: Executor,
) -> None:
    fd = os.eventfd(0, os.EFD_NONBLOCK)
    log, values = Log(executor), []
    executor.add(
        logging_item(lambda on: on.fd(fd), log, lambda _: values.append(os.eventfd_read(fd)))
    )
    with driven(executor):
        for n in range(1, 4):
            os.eventfd_write(fd, n)
            log.wait(n)
    os.close(fd)
    assert values == [1, 2, 3]


@pytest.mark.rule("TRIG-32")
def test_a_descriptor_that_is_not_read_empty_wakes_the_item_again(executor: Executor) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        got = []
        executor.add(
            taktora.item(lambda: got.append(ours.recv(1)), triggers=lambda on: on.fd(ours))
        )
        theirs.send(b"abc")
        executor.run_until(lambda: len(got) == 3)
        assert got == [b"a", b"b", b"c"]


@pytest.mark.rule("TRIG-33")
def test_a_told_message_executes_an_item_that_has_no_triggers(executor: Executor) -> None:
    log = Log(executor)
    seen = []
    ref = executor.add(taktora.item(lambda c: (seen.append(c.triggers[0].source), log.add(c))[1]))
    with driven(executor):
        ref.tell("go")
        log.wait(1)
    assert log.kinds == [("message",)]
    assert seen == ["go"]


@pytest.mark.rule("TRIG-34")
def test_every_kind_of_trigger_on_one_item_at_once(executor: Executor) -> None:
    channel = executor.channel("all", Reading)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    fd = os.eventfd(0, os.EFD_NONBLOCK)
    log = Log(executor)

    def read(ctx: Context) -> None:
        list(subscriber)
        if any(fired.kind == "fd" for fired in ctx.triggers):
            os.eventfd_read(fd)

    ref = executor.add(
        logging_item(lambda on: on.deadline(subscriber, 0.05).interval(0.02).fd(fd), log, read)
    )
    with driven(executor):
        publisher.send_copy(Reading(1, 0))
        os.eventfd_write(fd, 1)
        ref.tell("now")
        log.wait(12)
    os.close(fd)
    kinds = {kind for kinds in log.kinds for kind in kinds}
    assert kinds == {"subscriber", "interval", "deadline_missed", "fd", "message"}


@pytest.mark.rule("TRIG-37")
@pytest.mark.parametrize(
    "declare",
    [
        lambda on, closed: on.interval(0),
        lambda on, closed: on.interval(-1),
        lambda on, closed: on.interval(float("nan")),
        lambda on, closed: on.interval(float("inf")),
        lambda on, closed: on.interval("1 s"),
        lambda on, closed: on.interval(0.1, "skip"),
        lambda on, closed: on.interval(0.1).interval(0.1),
        lambda on, closed: on.subscriber(closed),
        lambda on, closed: on.subscriber("imu"),
        lambda on, closed: on.server(closed),
        lambda on, closed: on.client(closed),
        lambda on, closed: on.deadline(closed, 0.1),
        lambda on, closed: on.listener(closed),
        lambda on, closed: on.fd(-1),
        lambda on, closed: on.fd(10**9),
        lambda on, closed: on.fd("stdin"),
        lambda on, closed: on.source(object()),
    ],
)
def test_a_trigger_that_cannot_work_is_refused_and_nothing_changes(
    executor: Executor, declare: Callable[[Any, Any], object]
) -> None:
    closed = executor.channel("closed", Reading).subscriber()
    closed.close()
    before = executor.scheduler.ask(taktora.Describe())
    with pytest.raises((ValueError, TypeError, taktora.ChannelError)) as caught:
        executor.add(taktora.item(lambda: None, triggers=lambda on: declare(on, closed)), id="odd")
    assert isinstance(caught.value, taktora.TaktoraError)
    assert "'odd'" in str(caught.value) or "item" in str(caught.value)
    assert executor.scheduler.ask(taktora.Describe()) == before
    assert executor.ref("odd") is None


@pytest.mark.rule("TRIG-37")
def test_a_regular_file_cannot_wake_an_item_and_says_so(executor: Executor, tmp_path: Any) -> None:
    with (
        (tmp_path / "data").open("w") as file,
        pytest.raises(taktora.TaktoraError, match="pipe, socket"),
    ):
        executor.add(taktora.item(lambda: None, triggers=lambda on: on.fd(file)))
