"""Statistics of real runs, on every runtime: they say what the items themselves have seen."""

from __future__ import annotations

import ctypes
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import pytest

import taktora
from taktora import (
    Context,
    Executor,
    Item,
    MissedTick,
    Overflow,
    Pause,
    Resume,
    Supervision,
    TriggerDeclarer,
)
from taktora.errors import MailboxFull
from taktora.observe.histogram import RELATIVE_ERROR
from tests.runtimes import driven, eventually, now, spend

pytestmark = pytest.mark.virtual

PERIOD = 2_000_000


class Metronome(Item):
    """Writes down the slot and the start of each of its ticks, and how long it was busy at least."""

    item_id = "metronome"

    def __init__(self, executor: Executor, missed: MissedTick = MissedTick.SKIP) -> None:
        self.executor = executor
        self.missed = missed
        self.starts: list[tuple[int, int]] = []
        self.busy: list[int] = []
        self.stall_at: int | None = None

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        on.interval(PERIOD / 1e9, self.missed)

    def execute(self, ctx: Context) -> None:
        began = now(self.executor)
        assert ctx.scheduled_ns is not None
        self.starts.append((ctx.scheduled_ns, ctx.now_ns))
        if len(self.starts) == self.stall_at:
            spend(self.executor, 5 * PERIOD / 1e9)
        self.busy.append(now(self.executor) - began)


def nearest_rank(values: Sequence[int], percent: int) -> int:
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def near(exact: int) -> Any:
    return pytest.approx(exact, rel=RELATIVE_ERROR)


@pytest.mark.rule("STAT-01")
def test_every_wake_up_and_message_is_counted_once_failed_or_not(executor: Executor) -> None:
    class Busy(Item):
        def __init__(self, subscriber: taktora.Subscriber) -> None:
            self.subscriber = subscriber
            self.runs = self.failures = 0

        def declare_triggers(self, on: TriggerDeclarer) -> None:
            on.subscriber(self.subscriber).interval(0.002)

        def execute(self, ctx: Context) -> None:
            self.runs += 1
            for _ in self.subscriber:
                pass
            self.fail_now_and_then()

        def on_receive(self, message: int, ctx: Context) -> int:
            self.runs += 1
            self.fail_now_and_then()
            return message

        def fail_now_and_then(self) -> None:
            if self.runs % 7 == 0:
                self.failures += 1
                raise RuntimeError("every seventh")

    channel = executor.channel("numbers", ctypes.c_uint64)
    item, publisher = Busy(channel.subscriber()), channel.publisher()
    ref = executor.add(item, id="busy", supervision=Supervision.resume())
    with driven(executor):
        for n in range(100):
            publisher.send_copy(n)
            ref.tell(n)
        eventually(executor, lambda: item.runs >= 150)
    seen = executor.stats()["busy"]
    assert (seen.count, seen.failures) == (item.runs, item.failures)


@pytest.mark.rule("STAT-01")
def test_a_plain_actor_is_counted_too(executor: Executor) -> None:
    class Plain(taktora.Actor):
        def on_receive(self, message: Any) -> Any:
            return message

    ref = executor.spawn(Plain, id="plain")
    with driven(executor):
        assert [ref.ask(n, timeout=10) for n in range(20)] == list(range(20))
    assert executor.stats()["plain"].count == 20


@pytest.mark.rule("STAT-01")
def test_messages_sent_are_handled_dropped_or_rejected_and_all_of_them_are_accounted_for(
    executor: Executor,
) -> None:
    dropping = executor.add(
        Item(), id="dropping", mailbox_capacity=10, overflow=Overflow.DROP_OLDEST
    )
    rejecting = executor.add(Item(), id="rejecting", mailbox_capacity=10)
    for n in range(25):
        dropping.tell(n)
        if n < 10:
            rejecting.tell(n)
        else:
            with pytest.raises(MailboxFull):
                rejecting.tell(n)
    waiting = executor.stats()
    assert [waiting[name].mailbox_depth for name in ("dropping", "rejecting")] == [10, 10]
    executor.run_until(lambda: not any(i.mailbox_depth for i in executor.stats().items.values()))
    for name in ("dropping", "rejecting"):
        seen = executor.stats()[name]
        assert seen.count + seen.dropped + seen.rejected == 25
        assert (seen.count, seen.mailbox_depth, seen.mailbox_peak) == (10, 0, 10)


@pytest.mark.rule("STAT-02")
def test_an_execution_took_at_least_what_the_item_itself_has_measured(executor: Executor) -> None:
    item = Metronome(executor)
    item.stall_at = 3
    executor.add(item)
    executor.run_n(10)
    seen = executor.stats()["metronome"]
    assert seen.took_max_ns is not None
    assert seen.took_min_ns is not None
    assert seen.took_max_ns >= max(item.busy) > PERIOD
    assert seen.took_min_ns >= min(item.busy)
    assert seen.took_min_ns <= seen.p50_ns <= seen.p95_ns <= seen.p99_ns <= seen.took_max_ns  # type: ignore[operator]


@pytest.mark.rule("STAT-10", "STAT-11", "STAT-03", "STAT-13")
def test_lateness_and_jitter_are_those_of_the_starts_that_the_item_saw(executor: Executor) -> None:
    """Two runs, with a stall in the first."""
    item = Metronome(executor)
    executor.add(item)
    item.stall_at = 5
    executor.run_n(20)
    first = len(item.starts)
    executor.run_n(20)
    seen = executor.stats()["metronome"]
    late = [began - slot for slot, began in item.starts]
    assert seen.count == len(late) == 40
    assert min(late) >= 0
    assert (seen.lateness_max_ns, seen.lateness_mean_ns) == (max(late), sum(late) / 40)
    assert seen.lateness_p50_ns == near(nearest_rank(late, 50))
    assert seen.lateness_p99_ns == near(nearest_rank(late, 99))
    jitter = []
    for run in (item.starts[:first], item.starts[first:]):
        for (slot, began), (next_slot, next_began) in itertools.pairwise(run):
            slots, rest = divmod(next_slot - slot, PERIOD)
            assert rest == 0
            jitter.append(abs(next_began - began - slots * PERIOD))
    assert seen.jitter_max_ns == max(*jitter, abs(late[first] - late[first - 1]))
    assert seen.jitter_p99_ns == near(seen.jitter_max_ns)


@pytest.mark.rule("STAT-12")
def test_the_jitter_of_a_delaying_interval_is_measured_from_start_to_start(
    make_executor: Callable[..., Executor],
) -> None:
    """Inline, where no slot goes without a start."""
    executor = make_executor()
    item = Metronome(executor, MissedTick.DELAY)
    item.stall_at = 4
    executor.add(item)
    executor.run_n(12)
    seen = executor.stats()["metronome"]
    starts = [began for _, began in item.starts]
    jitter = [abs(b - a - PERIOD) for a, b in itertools.pairwise(starts)]
    assert seen.jitter_max_ns == max(jitter) >= 3 * PERIOD


@pytest.mark.rule("STAT-12", "STAT-13")
def test_the_intervals_of_one_item_are_measured_each_by_its_own_policy(
    make_executor: Callable[..., Executor],
) -> None:
    """A delaying one and, off its rhythm, one on the grid; oracles from what the item saw."""
    starts: dict[float, list[tuple[int, int]]] = {0.002: [], 0.003: []}

    def note(ctx: Context) -> None:
        for one in ctx.triggers:
            assert one.scheduled_ns is not None
            starts[one.source].append((one.scheduled_ns, ctx.now_ns))
        if len(starts[0.002]) == 3:
            spend(executor, 5 * PERIOD / 1e9)

    executor = make_executor()
    item = taktora.item(
        note, triggers=lambda on: on.interval(0.002, MissedTick.DELAY).interval(0.003)
    )
    executor.add(item, id="both")
    executor.run_until(lambda: min(map(len, starts.values())) >= 8)
    delayed = [began for _, began in starts[0.002]]
    jitter = [abs(b - a - PERIOD) for a, b in itertools.pairwise(delayed)]
    late = [began - slot for slot, began in starts[0.003]]
    jitter += [abs(b - a) for a, b in itertools.pairwise(late)]
    seen = executor.stats()["both"]
    assert seen.jitter_max_ns == max(jitter)
    assert seen.lateness_max_ns == max(b - a for each in starts.values() for a, b in each)
    pace = executor._driver.cells["both"].counters.pace  # type: ignore[attr-defined]
    assert pace.jitter.summary().mean == pytest.approx(sum(jitter) / len(jitter))


@pytest.mark.rule("STAT-14")
def test_every_slot_has_a_start_or_was_skipped(executor: Executor) -> None:
    """Late, and paused: there are no fewer than between first and last start, nor more than the
    run was long."""
    item = Metronome(executor)
    item.stall_at = 2
    executor.add(item)
    began = now(executor)
    with driven(executor):
        eventually(executor, lambda: len(item.starts) >= 4)
        executor.scheduler.ask(Pause("metronome"), timeout=10)
        paused = executor.stats()["metronome"].skipped
        eventually(executor, lambda: executor.stats()["metronome"].skipped >= paused + 5)
        executor.scheduler.ask(Resume("metronome"), timeout=10)
        resumed = len(item.starts)
        eventually(executor, lambda: len(item.starts) >= resumed + 2)
    ended = now(executor)
    seen = executor.stats()["metronome"]
    assert seen.count == len(item.starts)
    assert seen.skipped >= 4 + 5
    least = (item.starts[-1][0] - item.starts[0][0]) // PERIOD + 1
    assert least <= seen.count + seen.skipped <= (ended - began) // PERIOD


@pytest.mark.rule("STAT-07")
def test_an_item_that_never_ran_or_ticked_has_no_durations(executor: Executor) -> None:
    executor.add(Metronome(executor))
    asked = executor.add(Item(), id="asked")
    idle = executor.stats()["metronome"]
    measured = [name for name in attrs.fields_dict(type(idle)) if name.endswith("_ns")]
    assert len(measured) == 12
    assert {getattr(idle, name) for name in measured} == {None}
    executor.scheduler.tell(Pause("metronome"))
    with driven(executor):
        asked.ask("hello", timeout=10)
    seen = executor.stats()["asked"]
    assert None not in (seen.p50_ns, seen.p95_ns, seen.p99_ns)
    assert seen.lateness_p99_ns is seen.jitter_max_ns is seen.lateness_max_ns is None


@pytest.mark.rule("STAT-06", "STAT-08")
@pytest.mark.real("threads that run meanwhile")
def test_any_thread_may_look_while_items_run_and_keeps_what_it_saw(executor: Executor) -> None:
    for n in range(4):
        executor.add(
            taktora.item(lambda: None, triggers=lambda on: on.interval(0.0005)), id=f"i{n}"
        )
    with driven(executor):
        first, kept = executor.stats(), ""
        before = first
        for _ in range(200):
            after = executor.stats()
            for name, item in after.items.items():
                assert item.count >= before[name].count
                order = [item.took_min_ns, item.p50_ns, item.p95_ns, item.p99_ns, item.took_max_ns]
                assert order == sorted(order) if item.count else order == [None] * 5  # type: ignore[type-var]
            before, kept = after, repr(after)
        eventually(executor, lambda: executor.stats()["i0"].count != before["i0"].count)
    assert repr(before) == kept
    assert executor.stats() != before


@pytest.mark.rule("STAT-20")
def test_the_numbers_of_a_run_print_as_a_table(executor: Executor) -> None:
    executor.add(Metronome(executor))
    executor.run_n(3)
    header, row = str(executor.stats()).splitlines()
    assert header.split()[:3] == ["item", "runs", "rate"]
    assert row.split()[:3] == ["metronome", "3", "-"]
    assert str(executor.stats()["metronome"]).startswith("metronome: runs 3, p50 ")
