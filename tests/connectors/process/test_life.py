"""A gateway in a process of its own: started, kept alive and ended by its connector."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from taktora import Executor, Runner, every
from taktora.actors.context import Context
from taktora.connectors import (
    BackPressure,
    ChannelDescriptor,
    Connecting,
    ConnectorDown,
    Down,
    ExponentialBackoff,
    LoopbackConnector,
    LoopbackOptions,
    Up,
)
from taktora.connectors.health import words
from taktora.core.triggers import Fired
from tests.connectors.process.conftest import QUICK, pid_of
from tests.connectors.process.planted import ByDefault
from tests.runtimes import eventually

A, B = ChannelDescriptor("a", max_payload=64), ChannelDescriptor("b", max_payload=64)


def is_up(connector: Any) -> bool:
    return isinstance(connector.health, Up)


def is_down(connector: Any) -> bool:
    return isinstance(connector.health, Down)


class Story:
    """What becomes of a connector's health."""

    def __init__(self, connector: Any) -> None:
        self._health = connector.subscribe_health()
        self._told: list[str] = []

    @property
    def told(self) -> list[str]:
        self._told += [words(event.to) for event in self._health]
        return self._told


def carried(connector: Any) -> int:
    """Values of channel "a" that its gateway has carried outward, as far as it has said so."""
    stats = connector.gateway_stats().get("out a")
    return 0 if stats is None else stats.messages


class Echo:
    """Values sent through a channel until they come back."""

    def __init__(self, connector: Any, descriptor: Any = A) -> None:
        self.writer = connector.create_writer(descriptor, int)
        self.reader = connector.create_reader(descriptor, int)
        self.number = 0
        self.came: list[int] = []

    def works(self) -> bool:
        """Whether one that was sent lately has come back."""
        try:
            self.number += 1
            self.writer.send(self.number)
        except (ConnectorDown, BackPressure):  # nobody reads, or one who is dead
            return False
        self.came += [one.value for one in self.reader]
        return bool(self.came)


@pytest.mark.rule("PROC-03")
@pytest.mark.parametrize("before", [True, False])
def test_values_go_both_ways_through_ports_made_before_or_after(line, before):
    with LoopbackConnector("lab", gateway="own process", node=line, **QUICK) as lab:
        if before:
            echo = Echo(lab)
        lab.register_with(line)
        if not before:
            eventually(line, lambda: is_up(lab))
            echo = Echo(lab)
        eventually(line, echo.works)
        assert pid_of(lab) != os.getpid()
        assert lab.world.arrived("a") == []  # the world that it came back from is another one
        eventually(line, lambda: carried(lab) > 0)


@pytest.mark.rule("PROC-10")
def test_it_is_connecting_until_it_is_up_however_long_that_is(line):
    with LoopbackConnector(
        "lab", gateway="own process", node=line, heartbeat=0.01, stale_after=0.02
    ) as lab:
        health = Story(lab)
        lab.register_with(line)
        assert isinstance(lab.health, Connecting)
        eventually(line, lambda: is_up(lab))
        assert health.told[:1] == ["up"]


@pytest.mark.rule("PROC-11")
def test_one_that_is_killed_is_started_again_and_values_go_on(line, watched):
    with LoopbackConnector("lab", gateway="own process", node=line, **QUICK) as lab:
        health = Story(lab)
        echo = Echo(lab)
        lab.register_with(line)
        eventually(line, echo.works)
        for _ in range(2):
            eventually(line, lambda: is_up(lab))
            victim = watched(pid_of(lab))
            os.kill(victim.pid, signal.SIGKILL)
            eventually(line, lambda: not is_up(lab))
            echo.came.clear()
            eventually(line, lambda: is_up(lab) and echo.works())
        again = ["down: its gateway process was killed by SIGKILL", "connecting", "up"]
        assert health.told == ["up", *again, *again]
        assert lab._watcher.restarts == 2


@pytest.mark.rule("PROC-11")
def test_one_that_crashes_in_traffic_is_started_again_and_says_how_it_ended(planted, said, line):
    lab = planted(trouble="send", node=line)
    writer = lab.create_writer(A, int)
    health = Story(lab)
    lab.register_with(line)
    eventually(line, lambda: is_up(lab))
    writer.send(1)
    said.expect("send", "a", "1")
    said.expect("open")
    eventually(line, lambda: len(health.told) == 4)
    assert health.told[1:3] == ["down: its gateway process was killed by SIGABRT", "connecting"]


@pytest.mark.rule("PROC-11")
def test_one_that_somebody_else_ends_in_order_is_started_again(planted, said, line, watched):
    lab = planted()
    lab.register_with(line)
    eventually(line, lambda: is_up(lab))
    health = Story(lab)
    first = watched(pid_of(lab))
    os.kill(
        first.pid, signal.SIGINT
    )  # is not heard: what is to be done about it, its plug-in knows
    os.kill(first.pid, signal.SIGTERM)
    said.expect("close")
    said.expect("open")
    assert first.ends()
    eventually(line, lambda: is_up(lab))
    assert health.told[0] == "down: its gateway was stopped"
    assert "down: its gateway process was ended by somebody else" in health.told


@pytest.mark.rule("PROC-11")
def test_one_that_is_stuck_is_down_and_up_again_when_it_goes_on(line, watched):
    with LoopbackConnector(
        "lab", gateway="own process", node=line, heartbeat=0.02, stale_after=0.5
    ) as lab:
        lab.register_with(line)
        eventually(line, lambda: is_up(lab))
        process = watched(pid_of(lab))
        os.kill(process.pid, signal.SIGSTOP)
        eventually(line, lambda: is_down(lab))
        assert lab.health.reason == "its gateway gave no sign of life for 0.5 s"
        os.kill(process.pid, signal.SIGCONT)
        eventually(line, lambda: is_up(lab))
        assert pid_of(lab) == process.pid


@pytest.mark.rule("PROC-12")
@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ("link", "its gateway process cannot start: ValueError: no such NIC: eth7"),
        ("crash", "its gateway process was killed by SIGABRT"),
        ("exit", "its gateway process ended with exit code 7: a library that knows better"),
    ],
)
def test_one_that_cannot_start_says_why_and_it_is_tried_again_as_the_policy_says(
    planted, line, trouble, reason
):
    lab = planted(trouble=trouble, node=line, reconnect=ExponentialBackoff(0.01, max_attempts=1))
    health = Story(lab)
    ticks: list[int] = []
    line.add(every(0.01)(lambda: ticks.append(1)))
    lab.register_with(line)
    eventually(line, lambda: len(health.told) == 3)
    assert health.told == [
        f"down: {reason}",
        "connecting",
        f"down: {reason}; gave up after 2 starts",
    ]
    with pytest.raises(ConnectorDown, match="gave up after 2 starts"):
        lab.create_writer(A, int).send(1)
    seen = len(ticks)
    eventually(line, lambda: len(ticks) > seen)  # nobody else minds


@pytest.mark.rule("PROC-12")
def test_a_module_that_another_process_cannot_import_is_said(line, tmp_path, monkeypatch):
    (tmp_path / "fleeting.py").write_text(
        "from tests.connectors.process.planted import Planted\nclass Fleeting(Planted): pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import fleeting

    (tmp_path / "fleeting.py").unlink()
    policy = ExponentialBackoff(0.01, max_attempts=0)
    with fleeting.Fleeting("lab", gateway="own process", node=line, reconnect=policy) as lab:
        lab.register_with(line)
        eventually(line, lambda: is_down(lab))
        assert lab.health.reason == (
            "its gateway process cannot start: ModuleNotFoundError: No module named 'fleeting'; "
            "gave up after 1 start"
        )


@pytest.mark.rule("PROC-12")
def test_one_that_hangs_before_it_begins_is_killed_and_started_again(
    planted, said, line, monkeypatch
):
    monkeypatch.setattr("taktora.connectors.own_process.LONGEST_START", 500_000_000)
    lab = planted(trouble="hang", connect_timeout=0.5)
    health = Story(lab)
    lab.register_with(line)
    eventually(line, lambda: len(health.told) == 2)
    assert health.told == [
        "down: its gateway process did not begin within 0.5 s, and was killed",
        "connecting",
    ]


@pytest.mark.rule("PROC-12")
def test_what_its_link_says_is_health_as_everywhere(planted, line):
    lab = planted(trouble="open")
    lab.register_with(line)
    eventually(line, lambda: is_down(lab))
    assert lab.health.reason == "OSError: NIC refused"


@pytest.mark.rule("PROC-04")
def test_connectors_have_a_process_each_and_know_nothing_of_each_other(line, watched):
    with (
        LoopbackConnector("one", gateway="own process", node=line, **QUICK) as one,
        LoopbackConnector("other", gateway="own process", node=line, **QUICK) as other,
    ):
        echoes = [Echo(one, A), Echo(other, B)]
        one.register_with(line)
        other.register_with(line)
        eventually(line, lambda: all(echo.works() for echo in echoes))
        health = Story(other)
        stays = watched(pid_of(other))
        os.kill(pid_of(one), signal.SIGKILL)
        eventually(line, lambda: not is_up(one))
        eventually(line, lambda: is_up(one))
        assert (health.told, stays.is_there) == ([], True)


@pytest.mark.rule("PROC-15")
def test_it_goes_on_while_the_executor_rests_and_is_followed_again_by_the_next_run(domain, watched):
    with (
        Executor(domain=domain) as executor,
        LoopbackConnector("lab", gateway="own process", node=executor, **QUICK) as lab,
    ):
        echo = Echo(lab)
        lab.register_with(executor)
        with Runner(executor):
            eventually(executor, echo.works)
        process = watched(pid_of(lab))
        echo.came.clear()
        with Runner(executor):
            eventually(executor, echo.works)
        assert (pid_of(lab), process.is_there) == (process.pid, True)
        os.kill(process.pid, signal.SIGKILL)  # while nobody looks
        assert process.ends()
        echo.came.clear()
        with Runner(executor):
            eventually(executor, lambda: lab.gateway_process not in (None, process.pid))
            eventually(executor, echo.works)


@pytest.mark.rule("PROC-01")
def test_a_class_may_want_a_process_of_its_own_by_default(planted, line, said):
    lab = planted(kind=ByDefault, gateway=None)
    lab.register_with(line)
    assert said.expect("open")[-1] == f"open {pid_of(lab)}"


@pytest.mark.rule("PROC-14")
def test_no_thread_waits_for_it(planted, line, said):
    import threading

    before = set(threading.enumerate())
    lab = planted()
    lab.register_with(line)
    eventually(line, lambda: is_up(lab))
    assert set(threading.enumerate()) == before


@pytest.mark.rule("PROC-13")
def test_its_log_comes_here_and_chatter_that_nobody_reads_holds_up_nothing(
    planted, domain, said, caplog
):
    caplog.set_level("INFO", "taktora.connectors")
    with Executor(domain=domain) as executor:
        lab = planted(trouble="chatter")
        lab.register_with(executor)
        said.expect("open")  # nobody has read what it printed, as the executor does not run yet
        with Runner(executor):
            eventually(executor, lambda: is_up(lab))
            pid = pid_of(lab)
        printed = [
            r
            for r in caplog.records
            if r.getMessage().startswith(f"gateway process {pid} printed: a library that talks")
        ]
        assert len(printed) > 1
        assert {(r.name, r.levelname) for r in printed} == {("taktora.connectors", "WARNING")}


@pytest.mark.rule("PROC-11")
def test_a_sign_of_life_is_left_for_the_driver_to_see_or_silence_would_count_from_before(
    planted, domain
):
    with Executor(domain=domain) as executor:
        lab = planted()
        lab.register_with(executor)
        attendant = lab._watcher
        eventually(executor, attendant._subscriber._has_data)  # nobody drives: it stays
        attendant.execute(Context(None, (Fired("fd"),), 0))
        assert attendant._subscriber._has_data()
        attendant.execute(Context(None, (Fired("fd"), Fired("subscriber")), 0))
        assert attendant.instance is not None


@pytest.mark.rule("PROC-13")
def test_lines_of_its_log_have_their_level_and_its_process(planted, line, said, caplog):
    caplog.set_level("INFO", "taktora.connectors")
    lab = planted()
    lab.register_with(line)
    wanted = f"gateway process {pid_of(lab)}: connector 'lab' is up"
    eventually(line, lambda: ("taktora.connectors", 20, wanted) in caplog.record_tuples)


def test_options_reach_it(line):
    options = LoopbackOptions(echo=False)
    with LoopbackConnector("lab", gateway="own process", node=line, options=options) as lab:
        echo = Echo(lab)
        lab.register_with(line)
        eventually(line, lambda: is_up(lab))
        echo.works()
        eventually(line, lambda: carried(lab) == 1)
        assert echo.came == []


@pytest.mark.rule("PROC-10")
def test_another_gateway_of_that_name_is_not_taken_for_its_own(line):
    with (
        LoopbackConnector("lab", node=line) as other,
        LoopbackConnector("lab", gateway="own process", node=line, **QUICK) as lab,
    ):
        other.serve_with(line)
        eventually(line, lambda: is_up(other))
        health = Story(lab)
        lab.register_with(line)
        eventually(line, lambda: len(health.told) >= 1)
        assert health.told[0].startswith(
            "down: its gateway process cannot start: another gateway serves connector 'lab'"
        )
        assert "up" not in health.told
        other.close()
        eventually(line, lambda: is_up(lab))
