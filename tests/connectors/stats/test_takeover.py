"""What was lost when another gateway took over: the accounts, and the whole thing in virtual time."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors import ChannelDescriptor, Up
from taktora.connectors.codecs.raw import RawCodec
from taktora.connectors.frame_reader import Followed
from taktora.connectors.link import Direction
from taktora.connectors.loopback import LoopbackConnector
from taktora.connectors.loopback_world import LoopbackWorld
from taktora.connectors.remote import RemoteConnector
from taktora.connectors.status import PortStatus
from taktora.connectors.takeover import Takeover
from taktora.observe.port_stats import PortStats
from taktora.testing import SimulatedExecutor

SPEED = ChannelDescriptor("motor/speed", max_payload=32)


def said(**writers: tuple[int, int]) -> dict[str, PortStatus]:
    """What a gateway says: of each writer, the next number and how many it missed."""
    followed = {name: Followed(*numbers) for name, numbers in writers.items()}
    return {"out a": PortStatus(PortStats(), followed), "in a": PortStatus(PortStats(gaps=99))}


@pytest.mark.rule("PSTAT-41")
def test_each_writer_is_accounted_for_by_itself() -> None:
    accounts = Takeover()
    accounts.hear(said(much=(100, 0), little=(10, 0)))
    accounts.next_gateway()
    assert accounts.hear(said()) == {}
    assert accounts.hear(said(little=(16, 15))) == {"a": 5}
    assert accounts.hear(said(little=(20, 15))) == {}
    assert accounts.hear(said(little=(20, 15), much=(104, 103))) == {"a": 3}
    accounts.next_gateway()
    assert accounts.hear(said(little=(30, 20))) == {}
    assert accounts.hear(said(little=(30, 20), much=(110, 105))) == {"a": 1}
    assert accounts.lost == {"a": 9}


@pytest.mark.rule("PSTAT-41")
def test_a_writer_that_one_gateway_never_heard_is_still_known_from_the_one_before() -> None:
    accounts = Takeover()
    accounts.hear(said(quiet=(50, 0)))
    accounts.next_gateway()
    accounts.hear(said())
    accounts.next_gateway()
    assert accounts.hear(said(quiet=(53, 52))) == {"a": 2}


@pytest.mark.rule("PSTAT-42")
def test_what_the_first_gateway_missed_is_not_counted() -> None:
    accounts = Takeover()
    assert accounts.hear(said(w=(8, 7))) == {}
    accounts.next_gateway()
    assert accounts.hear(said(w=(9, 8))) == {}
    assert accounts.lost == {}


@pytest.mark.rule("PSTAT-40", "PSTAT-41")
@given(
    st.lists(
        st.tuples(
            st.lists(st.tuples(st.sampled_from("xyz"), st.booleans()), max_size=20),
            st.integers(0, 20),
        ),
        max_size=6,
    )
)
def test_never_fewer_than_were_lost_and_exactly_so_many_if_the_last_word_was_the_last(
    lives: list[tuple[list[tuple[str, bool]], int]],
) -> None:
    """Each life of a gateway: who sends, whether it is carried (the first that is not ends it), and
    when the gateway spoke last."""
    accounts, sent = Takeover(), dict.fromkeys("xyz", 0)
    waiting = dict.fromkeys("xyz", 0)  # lost, not yet heard of
    lost = unsaid = 0
    accounts.hear({})
    for values, last_word in lives:
        accounts.next_gateway()
        state: dict[str, tuple[int, int]] = {}
        dead = False
        for at, (writer, carried) in enumerate([*((w, True) for w in "xyz"), *values]):
            number = sent[writer]
            sent[writer] += 1
            dead = dead or not carried
            if dead:
                waiting[writer] += 1
                continue
            lost += waiting.pop(writer, 0)
            waiting[writer] = 0
            missing = state[writer][1] if writer in state else number
            state[writer] = number + 1, missing
            if at < 3 + last_word:
                accounts.hear(said(**state))
            else:
                unsaid += 1
    counted = accounts.lost.get("a", 0)
    assert lost <= counted <= lost + unsaid


@pytest.fixture
def executor() -> Iterator[SimulatedExecutor]:
    with SimulatedExecutor() as made:
        made.start()
        yield made


def serve(executor: SimulatedExecutor, world: LoopbackWorld) -> LoopbackConnector:
    lab = LoopbackConnector("lab", world, codec=RawCodec(), node=executor, queue=16)
    lab.serve_with(executor)
    lab.carry(SPEED, Direction.OUT)
    executor.advance(0.3)
    return lab


@pytest.mark.rule("PSTAT-32", "PSTAT-40", "PSTAT-43")
def test_values_that_were_lost_with_a_gateway_are_counted_and_told(
    executor: SimulatedExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    plugin = RemoteConnector("lab", codec=RawCodec(), node=executor, queue=16)
    assert plugin.gateway_stats() == {}
    plugin.register_with(executor)
    assert (plugin.gateway_stats(), plugin.lost) == ({}, {})
    first = serve(executor, LoopbackWorld(room=2))
    writer = plugin.create_writer(SPEED, bytes)
    for number in range(5):
        writer.send(bytes([number]))
    executor.advance(0.3)
    other = plugin.create_writer(SPEED, bytes)
    other.send(b"other")
    executor.advance(0.3)
    assert plugin.gateway_stats() == {"out motor/speed": PortStats(messages=2, bytes=2)}
    first.close()  # with one in hand, and two in the buffer
    executor.advance(1)
    with caplog.at_level(logging.WARNING, "taktora.connectors"):
        second = serve(executor, LoopbackWorld())
        assert isinstance(plugin.health, Up)
        assert plugin.lost == {}, "not known before the writer sends again"
        for _ in range(3):
            writer.send(b"again")
            executor.advance(0.3)
        assert plugin.lost == {"motor/speed": 3}
        other.send(b"other")
        executor.advance(0.3)
    assert plugin.lost == {"motor/speed": 4}
    warnings = [one.getMessage() for one in caplog.records if "lost" in one.getMessage()]
    (warning,) = warnings
    assert "'lab'" in warning
    assert "accepted on channel 'motor/speed' were lost" in warning
    assert "at most 3 so far" in warning
    assert second.lost == {}
    assert plugin.gateway_stats()["out motor/speed"].messages == 4
    assert second.gateway_stats()["out motor/speed"].messages == 4
    assert second.gateway_stats()["out motor/speed"].latency is not None
