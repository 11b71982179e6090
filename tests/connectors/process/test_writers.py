"""A link that wants to know is told whether anybody writes to its channels."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from taktora import Executor, Runner
from taktora.connectors import ChannelDescriptor, ConnectorDown, Direction
from tests.connectors.gateway.links import AConnector, ALink, APollingLink
from tests.runtimes import LIMIT

WRITER = Path(__file__).with_name("writer.py")


class Told:
    """What a link was told of writers; others wait for it."""

    def __init__(self) -> None:
        self.all: list[tuple[str, bool]] = []
        self._changed = threading.Condition()

    def __call__(self, channel: str, present: bool) -> None:
        with self._changed:
            self.all.append((channel, present))
            self._changed.notify_all()

    def expect(self, *what: tuple[str, bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.all) >= len(what), LIMIT)
            assert self.all == list(what)


class Curious(ALink):
    def __init__(self) -> None:
        super().__init__()
        self.writers_changed = Told()


class CuriousAndPolled(APollingLink):
    poll_period = 100_000_000

    def __init__(self) -> None:
        super().__init__()
        self.writers_changed = Told()


@pytest.mark.rule("PROC-30")
@pytest.mark.parametrize("make", [Curious, CuriousAndPolled])
def test_the_first_writer_and_the_end_of_the_last_are_told_once_each(bench_of, make):
    link = make()
    bench = bench_of(link).begin()
    bench.connector.carry(ChannelDescriptor("d", max_payload=64), Direction.OUT)
    bench.advance(1)
    link.writers_changed.expect()
    first, second = bench.writer(), bench.writer()
    bench.advance(1)
    first.close()
    bench.advance(1)
    link.writers_changed.expect(("c", True))
    second.close()
    bench.advance(1)
    link.writers_changed.expect(("c", True), ("c", False))
    third = bench.writer("d")
    bench.advance(1)
    link.writers_changed.expect(("c", True), ("c", False), ("d", True))
    third.close()


@pytest.mark.rule("PROC-30")
def test_it_is_told_while_it_is_not_connected_as_well(bench_of):
    link = Curious()
    link.opening = lambda session: session.down("no cable")
    bench = bench_of(link).begin()
    writer = bench.writer()
    bench.advance(0.2)
    writer.close()
    bench.advance(0.2)
    link.writers_changed.expect(("c", True), ("c", False))


@pytest.mark.rule("PROC-30")
def test_a_link_that_does_not_want_to_know_costs_no_look(bench_of, monkeypatch):
    looks: list[int] = []
    monkeypatch.setattr(
        "taktora.connectors.frame_reader.FrameReader.writers", property(lambda _: looks.append(1))
    )
    bench = bench_of().begin()
    bench.writer()
    bench.advance(1)
    assert looks == []


@pytest.mark.rule("PROC-32")
def test_what_it_raises_breaks_the_link_and_it_is_opened_again(bench_of):
    def refuses(channel: str, present: bool) -> None:
        link.calls.append(f"{channel} {present}")
        raise OSError("no more outputs")

    link = Curious()
    link.writers_changed = refuses
    bench = bench_of(link).begin()
    bench.states()
    bench.writer()
    bench.advance(1)
    assert bench.states() == ["Down", "Connecting", "Up"]
    assert link.calls == ["open", "c True", "close", "open"]


@pytest.mark.rule("PROC-32")
def test_what_a_link_raises_about_the_end_of_its_plug_in_breaks_it_and_the_rest_is_told(bench_of):
    def refuses(now: int) -> None:
        raise OSError("no more outputs")

    link = Curious()
    link.plugin_gone = refuses  # type: ignore[attr-defined]
    bench = bench_of(link).begin()
    bench.writer()
    bench.advance(1)
    bench.states()
    bench.connector._gateway.plugin_gone(bench.executor.now_ns)
    assert (bench.states(), bench.reason) == (["Down"], "OSError: no more outputs")
    link.writers_changed.expect(("c", True), ("c", False))
    bench.advance(1)
    assert bench.states() == ["Connecting", "Up"]


@pytest.mark.rule("PROC-22")
def test_once_the_plug_in_is_gone_nothing_is_taken_from_anybody(bench):
    writer = bench.writer()
    writer.send(b"1")
    bench.advance(1)
    bench.connector._gateway.plugin_gone(bench.executor.now_ns)
    bench.executor.run_until_idle()
    with pytest.raises(ConnectorDown, match="no gateway reads"):
        writer.send(b"2")
    bench.advance(1)
    assert bench.link.sent == [b"1"]
    assert bench.state == "Up"  # it may still act


@pytest.mark.rule("PROC-33")
@pytest.mark.parametrize(("heartbeat", "within"), [(0.02, 0.025), (5, 0.105)])
@pytest.mark.parametrize("make", [Curious, CuriousAndPolled])
def test_it_is_looked_at_the_heartbeat_or_every_100_ms(bench_of, heartbeat, within, make):
    link = make()
    bench = bench_of(link, heartbeat=heartbeat, stale_after=6).begin()
    bench.advance(0.3)
    bench.writer()
    bench.advance(within)
    link.writers_changed.expect(("c", True))


@pytest.fixture
def plugin(domain: str) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts processes that have a writer each; they are there when this returns."""
    started: list[subprocess.Popen[str]] = []

    def start(channel: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(WRITER), domain, channel],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def served(domain: str) -> Iterator[tuple[Curious, AConnector]]:
    link = Curious()
    with (
        Executor(domain=domain) as executor,
        Runner(executor),
        AConnector(link, "gate", node=executor) as connector,
    ):
        connector.register_with(executor)
        for name in ("a", "b"):
            connector.carry(ChannelDescriptor(name, max_payload=64), Direction.OUT)
        yield link, connector


@pytest.mark.rule("PROC-31")
def test_the_kill_of_the_only_process_that_wrote_is_seen_though_nobody_cleans_up(plugin, served):
    told = served[0].writers_changed
    process = plugin("a")
    told.expect(("a", True))
    os.kill(process.pid, signal.SIGKILL)  # it stays a zombie until the end of the test
    told.expect(("a", True), ("a", False))


@pytest.mark.rule("PROC-31")
def test_others_who_stay_are_not_taken_for_dead(plugin, served):
    told = served[0].writers_changed
    victim, other = plugin("a"), plugin("b")
    _in_any_order(told, ("a", True), ("b", True))
    os.kill(victim.pid, signal.SIGKILL)
    told.expect(*told.all[:2], ("a", False))
    third = plugin("a")
    told.expect(*told.all[:3], ("a", True))
    os.kill(third.pid, signal.SIGKILL)
    told.expect(*told.all[:4], ("a", False))
    assert other.poll() is None
    os.kill(other.pid, signal.SIGKILL)
    told.expect(*told.all[:5], ("b", False))


@pytest.mark.rule("PROC-31")
def test_of_two_writers_of_a_channel_one_may_die(plugin, served):
    told = served[0].writers_changed
    first, second = plugin("a"), plugin("a")
    told.expect(("a", True))
    os.kill(first.pid, signal.SIGKILL)
    second.communicate("close\n", LIMIT)
    told.expect(("a", True), ("a", False))


@pytest.mark.rule("PROC-31")
def test_one_that_ended_before_anybody_looked_is_dead_as_well(plugin, domain):
    link = Curious()
    with Executor(domain=domain) as executor, AConnector(link, "gate", node=executor) as connector:
        connector.register_with(executor)
        connector.carry(ChannelDescriptor("a", max_payload=64), Direction.OUT)
        process = plugin("a")
        process.kill()
        process.wait(LIMIT)
        with Runner(executor):
            link.writers_changed.expect(("a", True), ("a", False))


def _in_any_order(told: Told, *what: tuple[str, bool]) -> None:
    with told._changed:
        assert told._changed.wait_for(lambda: len(told.all) >= len(what), LIMIT)
        assert sorted(told.all) == sorted(what)
