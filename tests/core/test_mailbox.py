"""The mailbox's laws: stories, and one property against a plain list."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.core.mailbox import Closed, Dropped, Mailbox, Overflow, Rejected, Wake, Woke
from taktora.core.triggers import Fired, Kind
from taktora.testing.scheduler_model import Line


def fired(slot: int = 0, kind: Kind = "subscriber", **facts: Any) -> tuple[Fired, ...]:
    return (Fired(kind, f"source {slot}", slot=slot, **facts),)


def emptied(mailbox: Mailbox) -> list[Any]:
    return list(iter(mailbox.take, None))


def full(overflow: Overflow, capacity: int = 2) -> Mailbox:
    mailbox = Mailbox(capacity, overflow)
    for number in range(capacity):
        assert mailbox.put(number) is None
    return mailbox


@pytest.mark.rule("MAIL-01")
def test_messages_are_taken_in_the_order_in_which_they_were_put():
    assert emptied(full(Overflow.REJECT, 5)) == [0, 1, 2, 3, 4]


@pytest.mark.rule("MAIL-03", "MAIL-04")
def test_a_full_mailbox_rejects_and_keeps_its_order():
    mailbox = full(Overflow.REJECT)
    assert mailbox.put("more") == Rejected(2)
    assert (mailbox.rejected, mailbox.dropped, mailbox.accepted) == (1, 0, 2)
    assert emptied(mailbox) == [0, 1]


@pytest.mark.rule("MAIL-03", "MAIL-04")
def test_drop_oldest_gives_back_the_oldest_and_lets_the_new_one_in():
    mailbox = full(Overflow.DROP_OLDEST)
    result = mailbox.put("new")
    assert isinstance(result, Dropped)
    assert result.message == 0
    assert (mailbox.dropped, mailbox.accepted) == (1, 3)
    assert emptied(mailbox) == [1, "new"]


@pytest.mark.rule("MAIL-03", "MAIL-04")
def test_drop_newest_gives_back_the_message_that_was_put():
    mailbox = full(Overflow.DROP_NEWEST)
    result = mailbox.put("new")
    assert isinstance(result, Dropped)
    assert result.message == "new"
    assert (mailbox.dropped, mailbox.accepted) == (1, 2)
    assert emptied(mailbox) == [0, 1]


@pytest.mark.rule("MAIL-05")
@pytest.mark.parametrize("overflow", Overflow)
def test_a_full_mailbox_still_takes_a_wake_up(overflow: Overflow):
    mailbox = full(overflow)
    assert mailbox.wake(fired()) is Woke.QUEUED
    assert mailbox.depth == 2
    assert [type(one) for one in emptied(mailbox)] == [int, int, Wake]


@pytest.mark.rule("MAIL-05")
def test_drop_oldest_passes_over_a_pending_wake_up_and_leaves_it_first():
    mailbox = Mailbox(1, Overflow.DROP_OLDEST)
    mailbox.wake(fired())
    mailbox.put("old")
    result = mailbox.put("new")
    assert isinstance(result, Dropped)
    assert result.message == "old"
    wake, message = emptied(mailbox)
    assert isinstance(wake, Wake)
    assert message == "new"


@pytest.mark.rule("MAIL-06", "MAIL-07")
def test_wake_ups_merge_into_one_that_keeps_its_place():
    mailbox = Mailbox(4)
    assert mailbox.wake(fired(0)) is Woke.QUEUED
    mailbox.put("behind")
    assert mailbox.wake(fired(1)) is Woke.JOINED
    assert mailbox.wake(fired(0)) is Woke.REPLACED
    assert mailbox.coalesced == 2
    wake, message = emptied(mailbox)
    assert [one.slot for one in wake.fired] == [0, 1]
    assert message == "behind"


@pytest.mark.rule("MAIL-06")
def test_a_merge_keeps_the_newest_firing_of_each_declaration():
    mailbox = Mailbox(1)
    mailbox.wake(fired(0, "interval", scheduled_ns=10))
    mailbox.wake(fired(0, "interval", scheduled_ns=20))
    assert [one.scheduled_ns for one in mailbox.take().fired] == [20]


@pytest.mark.rule("MAIL-06")
def test_data_and_a_missed_deadline_of_one_declaration_are_both_kept():
    mailbox = Mailbox(1)
    mailbox.wake(fired(0, "deadline_missed", scheduled_ns=5))
    assert mailbox.wake(fired(0)) is Woke.JOINED
    assert [one.kind for one in mailbox.take().fired] == ["deadline_missed", "subscriber"]


@pytest.mark.rule("MAIL-06")
def test_events_of_a_raw_listener_add_up():
    mailbox = Mailbox(1)
    mailbox.wake(fired(0, "listener", events=((1, 1),)))
    mailbox.wake(fired(0, "listener", events=((2, 3),)))
    assert mailbox.take().fired[0].events == ((1, 1), (2, 3))


@pytest.mark.rule("MAIL-06")
def test_counts_of_one_event_add_up_and_do_not_pile_up():
    mailbox = Mailbox(1)
    mailbox.wake(fired(0, "listener", events=((1, 1), (1, 1))))  # a drain may tell of it twice
    for _ in range(1000):
        mailbox.wake(fired(0, "listener", events=((1, 1), (2, 1))))
    assert mailbox.take().fired[0].events == ((1, 1002), (2, 1000))


@pytest.mark.rule("MAIL-06")
def test_a_wake_up_after_the_pending_one_was_taken_is_a_new_one():
    mailbox = Mailbox(1)
    mailbox.wake(fired(0))
    first = mailbox.take()
    assert mailbox.wake(fired(1)) is Woke.QUEUED
    assert [one.slot for one in first.fired] == [0]
    assert [one.slot for one in mailbox.take().fired] == [1]
    assert mailbox.coalesced == 0


@pytest.mark.rule("MAIL-08")
def test_a_burst_fills_the_mailbox_and_the_rest_is_refused_and_counted():
    mailbox = Mailbox(2)
    results = [mailbox.wake(fired(0), merge=False) for _ in range(3)]
    assert results == [Woke.QUEUED, Woke.QUEUED, Woke.REFUSED]
    assert (mailbox.depth, mailbox.dropped) == (2, 1)
    assert mailbox.put("message") == Rejected(2)


@pytest.mark.rule("MAIL-02")
def test_the_peak_counts_what_the_depth_counts():
    mailbox = Mailbox(4)
    mailbox.wake(fired(0))
    assert (mailbox.depth, mailbox.peak) == (0, 0)
    mailbox.put("message")
    mailbox.wake(fired(1), merge=False)
    assert (mailbox.depth, mailbox.peak) == (2, 2)
    emptied(mailbox)
    assert (mailbox.depth, mailbox.peak) == (0, 2)


@pytest.mark.rule("MAIL-03", "MAIL-04")
def test_drop_oldest_drops_nothing_when_the_actor_takes_it_first():
    class Raced(Mailbox):
        def _remove_oldest(self) -> Any:
            assert self.take() == 0  # by another thread, between the look and the removal
            return super()._remove_oldest()

    mailbox = Raced(1, Overflow.DROP_OLDEST)
    mailbox.put(0)
    assert mailbox.put(1) is None
    assert (mailbox.accepted, mailbox.dropped, mailbox.depth) == (2, 0, 1)
    assert emptied(mailbox) == [1]


@pytest.mark.rule("MAIL-03", "MAIL-05")
def test_a_pending_wake_up_survives_a_drop_that_came_too_late():
    class Raced(Mailbox):
        def _remove_oldest(self) -> Any:
            del self._line[1]
            return super()._remove_oldest()

    mailbox = Raced(1, Overflow.DROP_OLDEST)
    mailbox.wake(fired(0))
    mailbox.put(0)
    assert mailbox.put(1) is None
    assert [type(one) for one in emptied(mailbox)] == [Wake, int]


@pytest.mark.rule("MAIL-12")
def test_discarding_ticks_leaves_what_else_was_pending_in_its_place():
    mailbox = Mailbox(4)
    mailbox.wake(fired(0, "interval", scheduled_ns=10), merge=False)
    mailbox.put("before")
    mailbox.wake(fired(0, "interval", scheduled_ns=20))
    mailbox.wake(fired(1))
    mailbox.put("behind")
    assert mailbox.discard_ticks() == 2
    assert mailbox.depth == 2
    assert mailbox.wake(fired(2)) is Woke.JOINED
    before, wake, behind = emptied(mailbox)
    assert (before, behind) == ("before", "behind")
    assert [one.slot for one in wake.fired] == [1, 2]


@pytest.mark.rule("MAIL-12")
def test_a_wake_up_of_ticks_alone_goes_and_the_next_one_is_new():
    mailbox = Mailbox(1)
    mailbox.wake(fired(0, "interval", scheduled_ns=10))
    assert mailbox.discard_ticks() == 1
    assert not mailbox
    assert mailbox.wake(fired(0, "interval", scheduled_ns=20)) is Woke.QUEUED
    assert mailbox.depth == 0
    assert mailbox.discard_ticks() == 1
    assert mailbox.discard_ticks() == 0


@pytest.mark.rule("MAIL-09")
def test_a_wake_up_that_is_withdrawn_was_never_there():
    mailbox = Mailbox(4)
    mailbox.put("a")
    mailbox.wake(fired(0, "predecessor"))
    mailbox.put("b")
    assert mailbox.withdraw()
    assert not mailbox.withdraw()  # there is none any more
    assert mailbox.depth == 2
    assert mailbox.wake(fired(0, "predecessor")) is Woke.QUEUED
    assert [type(one) is Wake for one in emptied(mailbox)] == [False, False, True]


@pytest.mark.rule("MAIL-10")
def test_the_final_message_is_last_and_closes_the_door_behind_it():
    mailbox = Mailbox(4)
    mailbox.put("before")
    assert mailbox.put_final("last") is None
    assert mailbox.put("after") == Closed()
    assert mailbox.wake(fired()) is Woke.REFUSED
    assert mailbox.put_final("also last") is None
    assert emptied(mailbox) == ["before", "last", "also last"]
    assert not mailbox


@pytest.mark.rule("MAIL-10")
def test_a_final_message_gets_into_a_full_mailbox():
    mailbox = full(Overflow.REJECT)
    assert mailbox.put_final("last") is None
    assert emptied(mailbox) == [0, 1, "last"]


@pytest.mark.rule("MAIL-11")
def test_closing_gives_back_everything_and_nothing_gets_in_afterwards():
    mailbox = Mailbox(4)
    mailbox.put("a")
    mailbox.wake(fired())
    mailbox.put("b")
    mailbox.put_final("final")
    left = mailbox.close()
    assert [one for one in left if not isinstance(one, Wake)] == ["a", "b", "final"]
    assert len(left) == 4
    for put in (mailbox.put, mailbox.put_final):
        assert put("late") == Closed()
    assert mailbox.wake(fired()) is Woke.REFUSED
    assert mailbox.wake(fired(), merge=False) is Woke.REFUSED
    assert mailbox.take() is None
    assert not mailbox
    assert mailbox.depth == 0
    assert mailbox.close() == ()


def test_settle_says_whether_something_waits():
    mailbox = Mailbox(1)
    assert not mailbox.settle()
    mailbox.put("mail")
    assert mailbox.settle()


STEPS = st.lists(
    st.one_of(
        st.just(("put",)),
        st.just(("take",)),
        st.tuples(st.just("wake"), st.integers(0, 2), st.booleans()),
    ),
    max_size=40,
)


@pytest.mark.rule("MAIL-01", "MAIL-02", "MAIL-03", "MAIL-04", "MAIL-06", "MAIL-07", "MAIL-08")
@given(steps=STEPS, capacity=st.integers(1, 4), overflow=st.sampled_from(Overflow))
def test_a_mailbox_is_what_a_plain_list_says(steps: Any, capacity: int, overflow: Overflow):
    """Whatever is put, merged and taken: same results, same order, and every message counted."""
    mailbox, line = Mailbox(capacity, overflow), Line(capacity, overflow)
    taken = made_room = coalesced = 0
    for number, step in enumerate(steps):
        match step:
            case ("put",):
                result = mailbox.put(number)
                want, lost = line.put(number)
                got = {Rejected: "rejected", Dropped: "dropped", type(None): "accepted"}
                assert got[type(result)] == want
                if lost is not None:
                    what = result.message  # type: ignore[union-attr]
                    assert (list(what.fired) if isinstance(what, Wake) else what) == lost[1]
                    made_room += overflow is Overflow.DROP_OLDEST and lost[0] == "message"
            case "wake", slot, merge:
                one = Fired("interval", "clock", number, slot=slot)
                woke = mailbox.wake((one,), merge=merge)
                assert woke is line.wake(one, merge)
                coalesced += woke in (Woke.JOINED, Woke.REPLACED)
            case ("take",):
                got_one = mailbox.take()
                kind, content = line.entries.pop(0) if line.entries else ("message", None)
                if kind == "message":
                    assert got_one == content
                    taken += content is not None
                else:
                    assert list(got_one.fired) == content
        assert mailbox.depth == line.depth <= capacity
        assert bool(mailbox) == bool(line.entries)
        assert mailbox.coalesced == coalesced
        waiting = sum(kind == "message" for kind, _ in line.entries)
        assert mailbox.accepted == taken + made_room + waiting
