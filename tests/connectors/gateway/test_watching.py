"""Beacon and watcher: a gateway elsewhere, seen from the plug-in; in virtual time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from taktora.connectors import ConnectorDown, Degraded, Down, Up
from taktora.connectors.beacon import Beacon
from taktora.connectors.remote import RemoteConnector
from taktora.errors import ConnectorError
from taktora.testing import SimulatedExecutor

from .links import AConnector


class Watched:
    """A plug-in's side, and beacons that come and go, in one simulation."""

    def __init__(self) -> None:
        self.executor = SimulatedExecutor(None)
        self.remote = RemoteConnector("lab", node=self.executor)
        self.health = self.remote.subscribe_health()
        self.watcher: Any = self.remote.register_with(self.executor)
        self.executor.run_until_idle()

    def says(self, beacon: Beacon, health: Any) -> None:
        beacon.shine(health)
        self.executor.run_until_idle()

    def events(self) -> list[Any]:
        return [event.to for event in self.health]

    def states(self) -> list[str]:
        return [type(one).__name__ for one in self.events()]


@pytest.fixture
def watched() -> Iterator[Watched]:
    one = Watched()
    yield one
    one.remote.close()
    one.executor.close()


@pytest.mark.rule("GATE-62")
def test_health_is_what_the_gateway_says(watched):
    beacon = Beacon(watched.executor, "lab")
    for health in (Up(), Degraded("slow"), Up()):
        watched.says(beacon, health)
        assert watched.remote.health == health


@pytest.mark.rule("GATE-63")
def test_silence_is_down_and_the_return_is_up_by_itself(watched):
    beacon = Beacon(watched.executor, "lab")
    for _ in range(20):
        watched.says(beacon, Up())
        watched.executor.advance(0.4)
    assert watched.states() == ["Up"]
    watched.executor.advance(0.2)
    assert watched.remote.health.reason == "its gateway gave no sign of life for 0.5 s"
    watched.executor.advance(30)
    assert watched.states() == ["Down"]
    watched.says(beacon, Up())
    assert watched.states() == ["Connecting", "Up"]


@pytest.mark.rule("GATE-63")
def test_a_gateway_that_never_was_is_down_too(watched):
    watched.executor.advance(0.4)
    assert watched.states() == []
    watched.executor.advance(0.2)
    assert watched.states() == ["Down"]


@pytest.mark.rule("GATE-64")
def test_a_restart_is_noticed_however_quick_it_was(watched):
    first = Beacon(watched.executor, "lab")
    watched.says(first, Up())
    first.close()
    second = Beacon(watched.executor, "lab")
    watched.says(second, Up())
    events = watched.events()
    assert [type(one) for one in events[:2]] == [Up, Down]
    assert events[1].reason == "its gateway was restarted"
    assert events[-1] == Up()
    watched.says(second, Up())
    assert watched.states() == []


@pytest.mark.rule("GATE-65")
def test_a_status_that_cannot_be_read_is_down_and_says_why(watched):
    beacon = Beacon(watched.executor, "lab")
    watched.says(beacon, Up())
    for _ in range(5):
        beacon._publisher.send_copy(b'{"version": 2}')
        watched.executor.run_until_idle()
    assert watched.remote.health.reason == "its gateway speaks version 2 of the status, not 1"
    assert watched.states() == ["Up", "Down"]
    watched.says(beacon, Up())
    assert watched.states() == ["Connecting", "Up"]


@pytest.mark.rule("GATE-65")
def test_a_new_reason_for_being_down_replaces_the_old_one(watched):
    watched.executor.advance(1)
    assert "no sign of life" in watched.remote.health.reason
    beacon = Beacon(watched.executor, "lab")
    beacon._publisher.send_copy(b"?")
    watched.executor.run_until_idle()
    assert "cannot be read" in watched.remote.health.reason
    watched.says(beacon, Down("the line is cut"))
    assert watched.remote.health.reason == "the line is cut"
    assert watched.states() == ["Down", "Connecting", "Down", "Connecting", "Down"]


@pytest.mark.rule("GATE-66")
def test_while_it_is_down_writers_are_told_why(watched):
    from taktora.connectors import ChannelDescriptor
    from taktora.connectors.codecs import RawCodec

    writer = watched.remote.create_writer(ChannelDescriptor("c"), bytes, codec=RawCodec())
    with pytest.raises(ConnectorDown, match="no gateway reads"):
        writer.send(b"")
    watched.executor.advance(1)
    with pytest.raises(ConnectorDown, match="'lab' is down: its gateway gave no sign of life"):
        writer.send(b"")


@pytest.mark.rule("GATE-67")
def test_a_second_gateway_of_a_name_is_refused_until_the_first_is_gone():
    executor = SimulatedExecutor(None)
    first, second = AConnector(node=executor), AConnector(node=executor)
    first.serve_with(executor)
    text = r"another gateway serves connector 'lab' in this domain already; stop it, or give"
    with pytest.raises(ConnectorError, match=text):
        second.serve_with(executor)
    first.close()
    second.serve_with(executor)
    executor.run_until_idle()
    assert second.health == Up()
    second.close()
    executor.close()


@pytest.mark.rule("GATE-67")
def test_a_gateway_that_could_not_be_registered_leaves_its_name_to_others(monkeypatch):
    executor = SimulatedExecutor(None)
    first = AConnector(node=executor)
    monkeypatch.setattr(first, "make_link", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError) as held:
        first.serve_with(executor)
    second = AConnector(node=executor)
    second.serve_with(executor)
    assert held.traceback  # and with it whatever its frames hold
    second.close()
    executor.close()


@pytest.mark.rule("GATE-62", "GATE-66")
def test_a_gateway_that_is_closed_says_so_at_once(watched):
    gateway = AConnector(node=watched.executor)
    gateway.serve_with(watched.executor)
    watched.executor.run_until_idle()
    assert watched.remote.health == Up()
    gateway.close()
    watched.executor.run_until_idle()
    assert watched.remote.health.reason == "its gateway was stopped"


@pytest.mark.rule("GATE-66")
def test_when_nobody_watches_any_more_health_is_down(watched):
    watched.says(Beacon(watched.executor, "lab"), Up())
    watched.executor.close()
    assert watched.remote.health.reason == "its gateway is not watched any more"


@pytest.mark.rule("GATE-62")
def test_whoever_comes_late_hears_at_once_how_the_gateway_is():
    executor = SimulatedExecutor(None)
    gateway = AConnector(node=executor)
    gateway.serve_with(executor)
    executor.advance(1.05)  # between two heartbeats
    remote = RemoteConnector("lab", node=executor)
    remote.register_with(executor)
    executor.run_until_idle()
    assert remote.health == Up()
    remote.close()
    gateway.close()
    executor.close()


@pytest.mark.rule("GATE-62")
def test_a_watcher_that_could_not_be_added_gives_its_place_back():
    executor = SimulatedExecutor(None)
    first = RemoteConnector("lab", node=executor)
    first.register_with(executor)
    held = []  # with their tracebacks, which hold what those frames held
    for _ in range(50):  # more than a channel has places
        with pytest.raises(ValueError, match="taken") as caught:
            RemoteConnector("lab", node=executor).register_with(executor)
        held.append(caught.value)
    first.close()
    executor.close()
