"""A gateway in virtual time, on a link that behaves as badly as a link can."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from taktora.connectors import ChannelDescriptor
from taktora.connectors.health import Connecting, Degraded, Down, Up
from taktora.connectors.service_factory import INWARD
from taktora.errors import BackPressure

from .rig import Rig, Scripted, raises, says_nothing, says_up

SECOND = 1_000_000_000


def words(reader: Any) -> list[bytes]:
    return [bytes(one.payload) for one in reader]


# --- connecting ------------------------------------------------------------------------------------


@pytest.mark.rule("PART-10")
def test_it_connects_as_soon_as_it_runs():
    with Rig() as rig:
        rig.settle()
        assert rig.link.opened == [0]
        assert rig.seen() == ["Up"]


@pytest.mark.rule("PART-11")
def test_a_link_that_raises_on_open_is_down_in_its_words_closed_and_tried_again_after_the_delay():
    with Rig(delay=0.95) as rig:
        rig.link.on_open = raises(OSError("no route"))
        rig.settle()
        assert isinstance(rig.health, Down)
        assert rig.health.reason == "OSError: no route"
        assert rig.link.closes == 1
        rig.sim.advance(0.94)
        assert rig.link.opened == [0]
        rig.link.on_open = says_up
        rig.sim.advance(0.1)
        assert rig.link.opened == [0, SECOND]  # the first heartbeat after it
        assert rig.seen() == ["Down", "Connecting", "Up"]


@pytest.mark.rule("PART-12")
def test_a_link_that_never_answers_is_closed_after_the_patience_and_tried_again():
    with Rig(patience=5, delay=1) as rig:
        rig.link.on_open = says_nothing
        rig.sim.advance(4.9)
        assert isinstance(rig.health, Connecting)
        assert rig.link.closes == 0
        rig.sim.advance(0.2)
        assert isinstance(rig.health, Down)
        assert rig.health.reason == "no answer within 5 s"
        assert rig.link.closes == 1
        rig.sim.advance(1)
        assert rig.link.opened == [0, 6 * SECOND]


@pytest.mark.rule("PART-12")
def test_an_answer_in_time_is_not_held_against_it_later():
    with Rig(patience=5) as rig:
        rig.link.on_open = says_nothing
        rig.sim.advance(4.9)
        rig.link.session.up()
        rig.sim.advance(60)
        assert isinstance(rig.health, Up)
        assert rig.link.opened == [0]


@pytest.mark.rule("PART-13")
def test_it_gives_up_when_the_policy_does_and_says_after_how_many_attempts():
    with Rig(max_attempts=2) as rig:
        rig.link.on_open = raises(OSError("no route"))
        rig.sim.advance(100)
        assert len(rig.link.opened) == 3
        assert isinstance(rig.health, Down)
        assert rig.health.reason == "OSError: no route; gave up after 3 attempts"
        assert rig.link.closes == 3


@pytest.mark.rule("PART-13")
def test_a_link_that_was_up_has_all_its_attempts_again():
    with Rig(max_attempts=1) as rig:
        for _ in range(5):
            rig.sim.advance(2)
            rig.link.session.down("cut")
        rig.sim.advance(2)
        assert isinstance(rig.health, Up)
        assert len(rig.link.opened) == 6


# --- breaking ----------------------------------------------------------------------------------------


@pytest.mark.rule("PART-14")
def test_a_value_that_send_raised_for_goes_out_when_it_is_up_again():
    with Rig() as rig:
        writer = rig.out()
        rig.settle()
        rig.link.on_send = raises(OSError("reset"))
        for word in (b"a", b"b"):
            writer.send(word)
        rig.settle()
        assert isinstance(rig.health, Down)
        assert rig.health.reason == "OSError: reset"
        assert (rig.link.tries, rig.link.closes) == (1, 1)
        rig.link.on_send = lambda: True
        rig.sim.advance(1.1)
        assert rig.link.sent == [("way", b"a"), ("way", b"b")]
        assert rig.seen() == ["Up", "Down", "Connecting", "Up"]


@pytest.mark.rule("PART-14")
@pytest.mark.parametrize("answer", [None, 1, "yes"])
def test_a_send_that_answers_neither_true_nor_false_breaks_the_link(answer: Any):
    with Rig() as rig:
        writer = rig.out()
        rig.settle()
        rig.link.on_send = lambda: answer
        writer.send(b"a")
        rig.settle()
        assert isinstance(rig.health, Down)
        assert "must return True or False" in rig.health.reason


@pytest.mark.rule("PART-15")
def test_a_link_that_raises_on_close_is_logged_and_tried_again(caplog: pytest.LogCaptureFixture):
    with Rig() as rig:
        rig.settle()
        rig.link.on_close = raises(OSError("stuck"))
        rig.link.session.down("cut")
        with caplog.at_level(logging.ERROR, "taktora.connectors"):
            rig.sim.advance(2)
        assert [record.getMessage() for record in caplog.records] == [
            "connector 'lab': closing its link failed"
        ]
        assert isinstance(rig.health, Up)
        assert rig.link.opened == [0, SECOND]


@pytest.mark.rule("PART-16")
def test_a_link_that_raises_on_poll_is_broken_and_its_complaint_logged_once(
    caplog: pytest.LogCaptureFixture,
):
    with Rig(Scripted(poll_period=SECOND // 100)) as rig:
        rig.settle()
        rig.link.on_poll = raises(OSError("bus off"))
        with caplog.at_level(logging.WARNING, "taktora.connectors"):
            rig.sim.advance(0.5)  # polled 50 times, while it is down as well
        assert isinstance(rig.health, Down)
        assert rig.health.reason == "OSError: bus off"
        assert rig.link.closes == 1
        polling = [record for record in caplog.records if "polling" in record.getMessage()]
        assert len(polling) == 1
        rig.link.on_poll = lambda now: None
        rig.sim.advance(1)
        assert isinstance(rig.health, Up)


@pytest.mark.rule("PART-17")
@pytest.mark.parametrize("late", ["up", "room"])
def test_late_answers_of_an_old_session_change_nothing(late: str):
    with Rig(delay=10) as rig:
        reader = rig.into()
        rig.settle()
        old = rig.link.session
        old.down("cut")
        rig.settle()
        getattr(old, late)()
        old.received("way", b"late")
        rig.beat()
        assert isinstance(rig.health, Down)
        assert words(reader) == []
        rig.sim.advance(10)
        old.down("late")
        rig.settle()
        assert isinstance(rig.health, Up)


@pytest.mark.rule("PART-17")
def test_what_came_before_the_link_broke_is_still_published():
    with Rig() as rig:
        reader = rig.into()
        rig.settle()
        rig.link.session.received("way", b"last words")
        rig.link.session.down("cut")
        rig.settle()
        assert isinstance(rig.health, Down)
        assert words(reader) == [b"last words"]


# --- not quite well ------------------------------------------------------------------------------------


@pytest.mark.rule("PART-18")
def test_a_link_that_is_degraded_by_its_own_account_stays_so_until_it_says_otherwise():
    with Rig() as rig:
        writer = rig.out()
        rig.settle()
        rig.link.session.degraded("half duplex")
        rig.beat(20)
        assert rig.health == Degraded("half duplex")
        writer.send(b"a")
        rig.settle()
        assert rig.link.sent == [("way", b"a")]
        rig.link.session.up()
        rig.settle()
        assert rig.seen() == ["Up", "Degraded", "Up"]


@pytest.mark.rule("PART-18")
def test_a_link_may_begin_degraded():
    with Rig() as rig:
        rig.link.on_open = lambda session: session.degraded("no clock yet")
        rig.beat(3)
        assert rig.seen() == ["Degraded"]


@pytest.mark.rule("PART-19")
def test_a_damaged_frame_is_degraded_until_the_next_heartbeat():
    with Rig() as rig:
        rig.out()
        rig.settle()
        rig.sim.publish_bytes("way.out", b"no envelope")
        rig.settle()
        assert isinstance(rig.health, Degraded)
        rig.beat()
        assert isinstance(rig.health, Up)
        assert rig.seen() == ["Up", "Degraded", "Up"]


@pytest.mark.rule("PART-19")
def test_damage_does_not_make_a_link_that_is_down_look_better():
    with Rig(delay=60) as rig:
        rig.settle()
        rig.link.session.down("cut")
        rig.settle()
        rig.gateway.damaged("a frame")
        rig.beat(3)
        assert isinstance(rig.health, Down)


# --- outward ---------------------------------------------------------------------------------------------


@pytest.mark.rule("PART-20")
@pytest.mark.parametrize("full", [lambda: False, raises(BackPressure("no"))])
def test_without_room_nothing_is_lost_writers_are_refused_and_it_goes_on_once_there_is_room(
    full: Callable[[], bool],
):
    with Rig(queue=4) as rig:
        writer = rig.out()
        rig.settle()
        rig.link.on_send = full
        accepted = []
        with pytest.raises(BackPressure):
            for number in range(100):
                writer.send(b"%d" % number)
                accepted.append(("way", b"%d" % number))
                rig.settle()
        assert len(accepted) == 5  # one in hand, four in the buffer
        assert isinstance(rig.health, Up)
        assert rig.gateway.ports.stats()["out way"].messages == 0
        rig.link.on_send = lambda: True
        rig.beat(3)
        assert rig.link.sent == []  # it was not told of any room
        rig.link.session.room()
        rig.settle()
        assert rig.link.sent == accepted
        assert rig.gateway.ports.stats()["out way"].messages == 5


@pytest.mark.rule("PART-20")
def test_what_waits_for_room_survives_a_break():
    with Rig() as rig:
        writer = rig.out()
        rig.settle()
        rig.link.on_send = lambda: False
        for word in (b"a", b"b", b"c"):
            writer.send(word)
        rig.settle()
        rig.link.session.down("cut")
        rig.settle()
        rig.link.on_send = lambda: True
        rig.sim.advance(2)
        assert [payload for _, payload in rig.link.sent] == [b"a", b"b", b"c"]


@pytest.mark.rule("PART-20")
def test_a_backlog_of_more_than_one_execution_goes_out_once_it_is_up():
    with Rig(queue=1000) as rig:
        writer = rig.out()
        rig.settle()
        rig.link.session.down("cut")
        rig.settle()
        for number in range(900):
            writer.send(b"%d" % number)
        rig.settle()
        assert rig.link.sent == []
        rig.sim.advance(1.1)
        assert [int(payload) for _, payload in rig.link.sent] == list(range(900))


@pytest.mark.rule("PART-21")
@pytest.mark.parametrize("why", ["down", "no room"])
def test_values_that_wait_keep_nobody_busy(why: str):
    with Rig(delay=1000) as rig:
        writer = rig.out()
        rig.settle()
        if why == "down":
            rig.link.session.down("cut")
        else:
            rig.link.on_send = lambda: False
        rig.settle()
        for _ in range(4):
            writer.send(b"")
        rig.settle()
        gateway, pump = rig.gateway.refs
        before = rig.sim.executions(gateway), rig.sim.executions(pump), rig.link.tries
        rig.beat(600)
        after = rig.sim.executions(gateway), rig.sim.executions(pump), rig.link.tries
        assert after[0] - before[0] == 600  # one for each heartbeat
        assert after[1:] == before[1:]


@pytest.mark.rule("PART-22")
def test_each_channel_outward_keeps_its_order_and_none_waits_for_another():
    with Rig(queue=600, seed=None) as rig:
        writers = {name: rig.out(name) for name in "abc"}
        rig.settle()
        for number in range(500):  # more than one execution takes
            for writer in writers.values():
                writer.send(b"%d" % number)
        rig.settle()
        for name in writers:
            mine = [int(payload) for channel, payload in rig.link.sent if channel == name]
            assert mine == list(range(500))
        first = [channel for channel, _ in rig.link.sent]
        assert max(first.index(name) for name in writers) <= 2 * 256


# --- inward ------------------------------------------------------------------------------------------------


@pytest.mark.rule("PART-23")
def test_a_burst_from_outside_wakes_the_gateway_once():
    with Rig(queue=64) as rig:
        reader = rig.into()
        rig.settle()
        before = rig.sim.executions(rig.ref)
        for number in range(50):
            rig.link.session.received("way", b"%d" % number)
        rig.settle()
        assert rig.sim.executions(rig.ref) - before == 1
        assert words(reader) == [b"%d" % number for number in range(50)]


@pytest.mark.rule("PART-24")
def test_channels_inward_keep_order_number_correlation_and_reserved_each_for_itself():
    with Rig(queue=1000) as rig:
        readers = {name: rig.into(name) for name in "ab"}
        rig.settle()
        for number in range(400):  # more than one execution publishes
            rig.link.session.received(
                "ab"[number % 2], b"%d" % number, correlation_id=b"\1" * 32, reserved=number
            )
        rig.settle()
        for parity, reader in enumerate(readers.values()):
            got = [
                (one.sequence, one.reserved, int(bytes(one.payload)), one.correlation_id)
                for one in reader
            ]
            mine = range(parity, 400, 2)
            assert got == [(at, number, number, b"\1" * 32) for at, number in enumerate(mine)]


@pytest.mark.rule("PART-07")
def test_what_made_way_for_newer_values_is_a_gap_for_readers_and_a_drop_for_the_gateway():
    with Rig(queue=8) as rig:
        reader = rig.into()
        rig.settle()
        for number in range(20):
            rig.link.session.received("way", b"%d" % number)
        rig.settle()
        assert [one.sequence for one in reader] == list(range(12, 20))
        assert reader.stats().gaps == 12
        assert rig.gateway.drops == {"way": 12}
        assert rig.gateway.ports.stats()["in way"].drops == 12


@pytest.mark.rule("PART-25")
def test_values_for_channels_that_nobody_opened_are_counted_and_nothing_else():
    with Rig() as rig:
        reader = rig.into()
        rig.settle()
        rig.link.session.received("nobody's", b"a")
        rig.link.session.received("way", b"b")
        rig.settle()
        assert rig.gateway.unclaimed == 1
        assert words(reader) == [b"b"]
        assert rig.seen() == ["Up"]


@pytest.mark.rule("PART-26")
@pytest.mark.parametrize(
    "bad",
    [
        lambda session: session.received("way", b"x" * 65),
        lambda session: session.received("way", "text"),
        lambda session: session.received("way", b"", correlation_id=b"x" * 33),
        lambda session: session.received("way", b"", reserved=-1),
        lambda session: session.received("way", released()),
        lambda session: session.received_frame("way", lambda _: b"x" * 129),
        lambda session: session.received_frame("way", lambda _: "text"),
        lambda session: session.received_frame("way", lambda _: None),
    ],
    ids=[
        "too large",
        "not bytes",
        "correlation",
        "reserved",
        "released",
        "frame too large",
        "frame of text",
        "no frame",
    ],
)
def test_what_cannot_be_passed_on_is_a_gap_and_degraded_and_no_exception(bad: Any):
    with Rig() as rig:
        reader = rig.into(max_payload=64)
        rig.settle()
        rig.link.session.received("way", b"a")
        bad(rig.link.session)
        rig.link.session.received("way", b"b")
        rig.settle()
        assert words(reader) == [b"a", b"b"]
        assert reader.stats().gaps == 1
        assert rig.gateway.ports.stats()["in way"].drops == 1
        assert isinstance(rig.health, Degraded)
        assert "'way'" in rig.health.reason
        rig.beat()
        assert rig.seen() == ["Up", "Degraded", "Up"]


def released() -> memoryview:
    view = memoryview(b"gone")
    view.release()
    return view


# --- the beginning and the end -------------------------------------------------------------------------------


@pytest.mark.rule("PART-27")
def test_health_is_told_at_every_heartbeat_and_at_once_when_it_changes():
    with Rig() as rig:
        told: list[str] = []
        rig.gateway.on_beat = lambda health: told.append(type(health).__name__)
        rig.settle()
        assert told == ["Up"]
        rig.beat(3)
        assert told == ["Up"] * 4
        rig.link.session.down("cut")
        rig.settle()
        assert told == ["Up"] * 4 + ["Down"]


@pytest.mark.rule("PART-28")
def test_stopped_it_closes_its_link_and_says_so_and_nothing_rouses_it_again():
    with Rig() as rig:
        writer, reader = rig.out(), rig.into()
        rig.settle()
        session = rig.link.session
        assert len(rig.sim.ports) == 2
        rig.ref.stop()
        rig.settle()
        assert isinstance(rig.health, Down)
        assert rig.health.reason == "its gateway was stopped"
        assert (rig.link.closes, session.over) == (1, True)
        session.received("way", b"late")
        session.up()
        rig.gateway.ring()
        rig.sim.advance(60)
        assert (words(reader), rig.link.opened) == ([], [0])
        assert len(rig.sim.ports) == 0
        assert not any(ref.is_alive() for ref in rig.gateway.refs)
        descriptor: ChannelDescriptor[Any] = ChannelDescriptor("way", max_payload=64)
        places = [rig.factory.create_raw_writer(descriptor, suffix=INWARD) for _ in range(16)]
        assert len(places) == 16  # every one that there is: its own was given back
        writer.close()


@pytest.mark.rule("PART-29")
def test_a_channel_that_the_link_refuses_leaves_nothing_open():
    with Rig() as rig:
        rig.settle()
        rig.link.add_channel = raises(ValueError("no such pin"))  # type: ignore[method-assign]
        descriptor: ChannelDescriptor[Any] = ChannelDescriptor("way")
        for open_it in (rig.gateway.open_out, rig.gateway.open_in):
            for _ in range(20):  # more than there are places for ports of a channel
                with pytest.raises(ValueError, match="no such pin"):
                    open_it(descriptor, rig.factory)
        assert len(rig.gateway.refs) == 1
        assert rig.gateway.ports.stats() == {}
