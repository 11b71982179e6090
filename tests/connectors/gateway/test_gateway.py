"""The gateway keeps its link, whatever the link does; in virtual time."""

from __future__ import annotations

import logging

import pytest

from taktora.connectors import ConnectorDown, Degraded, Down, ExponentialBackoff
from taktora.errors import BackPressure

from .links import ALink, APollingLink, Bench, nothing


def raises(error: Exception):
    def do(*_: object) -> None:
        raise error

    return do


@pytest.mark.rule("GATE-01", "GATE-20")
def test_it_connects_as_soon_as_it_runs(bench):
    assert bench.states() == ["Up"]
    assert bench.link.calls == ["open"]


@pytest.mark.rule("GATE-20")
@pytest.mark.parametrize("error", [OSError("no route"), KeyError(), ValueError("")])
def test_a_link_that_raises_when_it_opens_is_closed_and_opened_again(bench_of, error):
    link = ALink()
    link.opening = raises(error)
    bench = bench_of(link).begin()
    assert (bench.state, link.calls) == ("Down", ["open", "close"])
    assert bench.reason.startswith(type(error).__name__)
    link.opening = lambda session: session.up()
    bench.advance(0.2)
    assert bench.states() == ["Down", "Connecting", "Up"]
    assert link.calls == ["open", "close", "open"]


@pytest.mark.rule("GATE-21")
def test_a_link_that_raises_when_it_sends_is_opened_again_and_the_value_sent_then(bench):
    writer = bench.writer()
    bench.link.sending = raises(OSError("reset by peer"))
    writer.send(b"1")
    bench.executor.run_until_idle()
    assert (bench.state, bench.reason) == ("Down", "OSError: reset by peer")
    with pytest.raises(ConnectorDown, match="connector 'lab' is down: OSError: reset by peer"):
        writer.send(b"2")
    bench.link.sending = lambda _: True
    bench.advance(0.3)
    assert bench.state == "Up"
    assert (bench.link.sent, bench.link.sequences) == ([b"1"], [0])


@pytest.mark.rule("GATE-21")
def test_a_failure_to_send_ends_its_own_session_and_no_later_one(bench):
    def breaks_and_is_mended_meanwhile(_: bytes) -> bool:
        bench.link.session.down("noticed by another thread")
        bench.link.sending = lambda _: True
        gateway = bench.connector._gateway
        gateway.inbound.end_session()  # as the actor does, on another thread
        raise OSError("the old session's")

    bench.link.sending = breaks_and_is_mended_meanwhile
    bench.writer().send(b"1")
    bench.executor.run_until_idle()
    assert bench.states() == ["Up"]  # nobody who is present said anything


@pytest.mark.rule("GATE-21")
@pytest.mark.parametrize("said", [None, 1, "sent"])
def test_a_send_that_says_neither_true_nor_false_is_a_fault_of_the_link(bench, said):
    bench.link.sending = lambda _: said
    bench.writer().send(b"1")
    bench.executor.run_until_idle()
    assert bench.state == "Down"
    assert bench.reason == f"WrongType: the link's send() must return True or False, not {said!r}"


@pytest.mark.rule("GATE-20")
def test_a_link_that_raises_when_it_closes_is_logged_and_opened_again(bench, caplog):
    bench.link.closing = raises(OSError("stuck"))
    bench.link.session.down("gone")
    with caplog.at_level(logging.ERROR, "taktora.connectors"):
        bench.executor.run_until_idle()
    assert "connector 'lab': closing its link failed" in caplog.text
    bench.advance(0.3)
    assert bench.state == "Up"


@pytest.mark.rule("GATE-22")
def test_what_an_old_session_says_late_changes_nothing(bench):
    old = bench.link.session
    old.down("gone")
    bench.executor.run_until_idle()
    old.up()
    bench.executor.run_until_idle()
    assert bench.state == "Down"
    bench.advance(0.3)
    old.down("again")
    old.received("c", b"late")
    bench.executor.run_until_idle()
    assert bench.state == "Up"
    assert bench.connector._gateway.unclaimed == 0


@pytest.mark.rule("GATE-22")
def test_of_what_one_session_said_nothing_counts_after_it_was_down(bench):
    bench.link.session.down("gone")
    bench.link.session.up()
    bench.executor.run_until_idle()
    assert bench.states() == ["Up", "Down"]
    assert bench.link.calls == ["open", "close"]


@pytest.mark.rule("GATE-02")
def test_an_attempt_that_says_nothing_has_failed_in_the_end(bench_of):
    link = ALink()
    link.opening = nothing
    bench = bench_of(link, connect_timeout=1).begin()
    bench.advance(0.9)
    assert (bench.state, link.calls) == ("Connecting", ["open"])
    bench.advance(0.1)
    assert (bench.state, bench.reason) == ("Down", "no answer within 1 s")
    late = link.session
    bench.advance(0.3)
    assert link.calls == ["open", "close", "open"]
    late.up()
    bench.executor.run_until_idle()
    assert bench.state == "Connecting"


@pytest.mark.rule("GATE-03")
@pytest.mark.parametrize(("retries", "text"), [(0, "1 attempt"), (2, "3 attempts")])
def test_when_the_policy_wants_no_more_it_gives_up_and_says_so(bench_of, retries, text):
    link = ALink()
    link.opening = raises(OSError("no route"))
    policy = ExponentialBackoff(0.1, 0.1, jitter=0, max_attempts=retries)
    bench = bench_of(link, reconnect=policy).begin()
    bench.advance(100)
    assert bench.reason == f"OSError: no route; gave up after {text}"
    assert link.calls.count("open") == retries + 1


@pytest.mark.rule("GATE-23")
def test_what_the_link_says_of_itself_stays_until_it_says_otherwise(bench):
    bench.link.session.degraded("half the lines are down")
    bench.advance(1)
    assert bench.connector.health == Degraded("half the lines are down")
    writer = bench.writer()
    writer.send(b"1")
    bench.executor.run_until_idle()
    assert bench.link.sent == [b"1"]
    bench.link.session.up()
    bench.executor.run_until_idle()
    assert bench.states() == ["Up", "Degraded", "Up"]


@pytest.mark.rule("GATE-23")
def test_a_link_may_come_up_degraded(bench_of):
    link = ALink()
    link.opening = lambda session: session.degraded("slow")
    bench = bench_of(link).begin()
    bench.writer().send(b"1")
    bench.executor.run_until_idle()
    assert (bench.states(), link.sent) == (["Degraded"], [b"1"])


@pytest.mark.rule("GATE-24")
def test_damage_makes_it_degraded_until_the_next_heartbeat(bench):
    reader = bench.reader(max_payload=4)
    bench.link.session.received("c", b"12345")
    bench.executor.run_until_idle()
    assert bench.state == "Degraded"
    assert "channel 'c': the payload needs 5 bytes" in bench.reason
    bench.advance(0.1)
    assert bench.states() == ["Up", "Degraded", "Up"]
    bench.link.session.received("c", b"1234")
    bench.executor.run_until_idle()
    assert reader.try_recv().sequence == 1
    assert reader.stats().gaps == 1


@pytest.mark.rule("GATE-24")
@pytest.mark.parametrize(
    "what", [{"payload": "text"}, {"correlation_id": b"x" * 33}, {"reserved": -1}]
)
def test_what_a_link_must_not_hand_over_is_damage_and_stops_nobody(bench, what):
    reader = bench.reader()
    bench.link.session.received("c", **{"payload": b"", **what})
    bench.executor.run_until_idle()
    assert bench.state == "Degraded"
    bench.link.session.received("c", b"good")
    bench.advance(0.1)
    assert (bench.state, reader.try_recv().value) == ("Up", b"good")


@pytest.mark.rule("GATE-24")
def test_damage_does_not_make_a_broken_link_degraded(bench):
    bench.link.opening = nothing
    bench.link.session.down("gone")
    bench.executor.run_until_idle()
    bench.connector._gateway.damaged("a frame of before")
    bench.connector._damaged("another")
    assert bench.states() == ["Up", "Down"]


@pytest.mark.rule("GATE-25")
def test_what_comes_on_a_channel_of_nobodys_is_counted(bench):
    bench.link.session.received("unknown", b"")
    bench.executor.run_until_idle()
    assert bench.connector._gateway.unclaimed == 1


@pytest.mark.rule("GATE-10")
def test_a_burst_from_outside_loses_its_oldest_and_readers_see_the_gap(bench_of):
    bench = bench_of(queue=4).begin()
    reader = bench.reader()
    for number in range(10):
        bench.link.session.received("c", b"%d" % number)
    bench.executor.run_until_idle()
    assert [one.value for one in reader] == [b"6", b"7", b"8", b"9"]
    assert (reader.stats().gaps, bench.connector._gateway.drops) == (6, {"c": 6})


@pytest.mark.rule("GATE-26")
def test_a_link_that_wants_to_look_at_the_time_is_let_connected_or_not(bench_of):
    link = APollingLink()
    bench = bench_of(link).begin()
    bench.advance(1)
    assert len(link.polls) >= 200
    assert link.polls == sorted(link.polls)
    link.opening = raises(OSError())
    link.session.down("gone")
    bench.executor.run_until_idle()
    before = len(link.polls)
    bench.advance(0.05)
    assert len(link.polls) >= before + 10


@pytest.mark.rule("GATE-26")
def test_a_poll_that_raises_breaks_the_link_and_not_the_executor(bench_of, caplog):
    link = APollingLink()
    bench = bench_of(link).begin()
    link.polling = raises(OSError("dead"))
    with caplog.at_level(logging.WARNING, "taktora.connectors"):
        bench.advance(0.05)
    assert (bench.state, bench.reason) == ("Down", "OSError: dead")
    assert caplog.text.count("polling its link: OSError: dead") == 1
    link.polling = nothing
    bench.advance(0.3)
    assert bench.state == "Up"


@pytest.mark.rule("GATE-26")
def test_a_link_without_a_poll_period_is_never_polled(bench_of):
    link = APollingLink()
    link.poll_period = 0
    bench_of(link).begin().advance(1)
    assert link.polls == []


@pytest.mark.rule("GATE-20")
def test_a_link_that_refuses_with_back_pressure_is_tried_again_when_it_has_room(bench):
    bench.link.sending = raises(BackPressure("full"))
    bench.writer().send(b"1")
    bench.executor.run_until_idle()
    assert bench.state == "Up"
    bench.link.sending = lambda _: True
    bench.link.session.room()
    bench.executor.run_until_idle()
    assert bench.link.sent == [b"1"]


@pytest.mark.rule("GATE-27")
def test_events_come_in_the_order_of_what_happened(bench):
    bench.link.opening = raises(OSError("not yet"))
    bench.link.session.degraded("slow")
    bench.link.session.down("gone")
    bench.advance(0.25)
    bench.link.opening = lambda session: session.up()
    bench.advance(0.2)
    events = ["Up", "Degraded", "Down", "Connecting", "Down", "Connecting", "Up"]
    states = bench.states()
    assert [*states[:5], *states[-2:]] == events


@pytest.mark.rule("GATE-27")
def test_who_has_told_that_it_is_down_does_not_see_it_up_afterwards(bench):
    bench.link.session.down("gone")
    bench.advance(0.01)
    bench.states()
    session: list = []
    bench.link.opening = session.append
    bench.advance(0.25)
    session[-1].up()
    session[-1].down("gone again")
    bench.link.opening = raises(OSError("not yet"))
    bench.advance(0.01)
    assert bench.states()[-2:] == ["Connecting", "Down"]


@pytest.mark.rule("GATE-28")
def test_when_its_actor_ends_the_link_is_closed_and_health_is_down():
    bench = Bench().begin()
    bench.executor.close()
    assert bench.link.calls == ["open", "close"]
    assert isinstance(bench.connector.health, Down)
    assert bench.reason == "its gateway was stopped"
    assert bench.link.session.over
    bench.connector.close()
