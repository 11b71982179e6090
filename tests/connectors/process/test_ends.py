"""No process outlives what it is for: the connector, its executor, and the plug-in."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from taktora import Executor, Node, Runner, every, item
from taktora.connectors import ChannelDescriptor, Down, Up
from taktora.errors import ConnectorClosed
from tests.connectors.process.conftest import pid_of
from tests.runtimes import LIMIT, eventually

PLUGIN = Path(__file__).with_name("plugin.py")


def is_up(connector: Any) -> bool:
    return isinstance(connector.health, Up)


def is_nobody(pid: int) -> bool:
    """Whether there is no such process, not even a zombie."""
    return not Path(f"/proc/{pid}").exists()


@pytest.mark.rule("PROC-20")
def test_closing_one_that_is_up_ends_its_link_and_its_process(planted, said, line):
    lab = planted()
    lab.register_with(line)
    eventually(line, lambda: is_up(lab))
    pid = pid_of(lab)
    lab.close()
    assert is_nobody(pid)
    assert isinstance(lab.health, Down)
    lines = said.until_the_end()
    assert lines.count("close") == 1
    assert "gone" not in lines
    with pytest.raises(ConnectorClosed):
        lab.create_writer(ChannelDescriptor("a"), int)
    lab.close()


@pytest.mark.rule("PROC-20")
@pytest.mark.parametrize("trouble", ["", "hang"])
def test_closing_one_that_is_starting_ends_its_process(planted, line, trouble):
    lab = planted(trouble=trouble)
    lab.register_with(line)
    pid = pid_of(lab)
    lab.close()
    assert is_nobody(pid)


@pytest.mark.rule("PROC-20")
def test_closing_one_whose_process_has_ended_starts_no_other(planted, line, watched):
    lab = planted(reconnect=None)
    lab.register_with(line)
    eventually(line, lambda: is_up(lab))
    pid = pid_of(lab)
    os.kill(pid, signal.SIGKILL)
    eventually(line, lambda: isinstance(lab.health, Down))
    lab.close()
    assert lab.gateway_process is None
    assert is_nobody(pid)


@pytest.mark.rule("PROC-20")
def test_one_that_does_not_leave_is_killed(planted, said, line, monkeypatch):
    monkeypatch.setattr("taktora.connectors.attendant._PATIENCE", 0.05)
    monkeypatch.setattr("taktora.connectors.attendant._MORE", 0.05)
    lab = planted(trouble="stay")
    lab.register_with(line)
    eventually(line, lambda: is_up(lab))
    pid = pid_of(lab)
    lab.close()
    assert is_nobody(pid)


@pytest.mark.rule("PROC-14")
def test_while_it_is_closed_the_line_goes_on(planted, line, watched, monkeypatch):
    monkeypatch.setattr("taktora.connectors.attendant._PATIENCE", LIMIT)
    ticks: list[int] = []
    line.add(every(0.001)(lambda: ticks.append(1)))
    lab = planted(trouble="stay")
    lab.register_with(line)
    eventually(line, lambda: is_up(lab))
    process = watched(pid_of(lab))
    closing = threading.Thread(target=lab.close)
    closing.start()
    eventually(line, lambda: lab.closed)
    seen = len(ticks)
    eventually(line, lambda: len(ticks) > seen + 100)
    assert process.is_there
    os.kill(process.pid, signal.SIGKILL)
    closing.join(LIMIT)
    assert is_nobody(process.pid)


@pytest.mark.rule("PROC-20")
def test_one_that_is_stopped_in_a_debugger_is_killed(planted, line, monkeypatch):
    monkeypatch.setattr("taktora.connectors.attendant._PATIENCE", 0.05)
    monkeypatch.setattr("taktora.connectors.attendant._MORE", 0.05)
    lab = planted()
    lab.register_with(line)
    eventually(line, lambda: is_up(lab))
    pid = pid_of(lab)
    os.kill(pid, signal.SIGSTOP)
    lab.close()
    assert is_nobody(pid)


@pytest.mark.rule("PROC-20")
@pytest.mark.parametrize("runs", [True, False])
def test_closing_the_executor_ends_the_process(planted, domain, runs):
    executor = Executor(domain=domain)
    lab = planted()
    lab.register_with(executor)
    pid = pid_of(lab)
    if runs:
        with Runner(executor):
            eventually(executor, lambda: is_up(lab))
    executor.close()
    assert is_nobody(pid)
    lab.close()


@pytest.mark.rule("PROC-21")
@pytest.mark.parametrize("workers", [0, 2])
def test_an_item_may_close_it_and_waits_for_nothing(planted, domain, said, watched, workers):
    with Executor(domain=domain, worker_threads=workers) as executor, Runner(executor):
        lab = planted(node=executor)
        lab.register_with(executor)
        eventually(executor, lambda: is_up(lab))
        process = watched(pid_of(lab))
        there: list[bool] = []

        def close(_: object = None) -> None:
            lab.close()
            there.append(process.is_there)

        ref = executor.add(item(close))
        ref.tell("now")
        eventually(executor, lambda: there)
        assert process.ends()
        eventually(executor, lambda: isinstance(lab.health, Down))
        eventually(executor, lambda: is_nobody(process.pid))
        assert said.until_the_end().count("close") == 1
        assert there == [True]


@pytest.fixture
def plugin(domain: str, said: Any) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts plug-ins; their gateways are up when this returns, and ``gateway`` is the process."""
    started: list[subprocess.Popen[str]] = []
    hold, release = os.pipe()
    os.set_inheritable(hold, True)

    def start(how: str = "plain", linger: float = 0.2, **options: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", str(PLUGIN), domain, said.path, how, str(linger)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=[hold],
            env={**os.environ, "HOLD": str(hold), "PYTHONPATH": os.pathsep.join(sys.path)},
            **options,
        )
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise AssertionError(process.communicate()[1])
        process.gateway = int(line)  # type: ignore[attr-defined]
        return process

    yield start
    os.close(release)
    os.close(hold)
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.rule("PROC-22")
def test_the_plug_ins_death_is_told_to_the_link_which_is_polled_and_closed(plugin, said, watched):
    process = plugin()
    gateway = watched(process.gateway)
    said.expect("writers", "a", "True")
    said.expect("send", "a")
    process.kill()
    said.expect("gone")
    assert gateway.ends()
    lines = said.until_the_end()
    assert lines[0] == "writers a False"
    assert lines[-1] == "close"
    assert lines.count("safe") > 1
    assert not any(line.startswith(("send", "gone", "open")) for line in lines)


@pytest.mark.rule("PROC-22")
def test_without_a_linger_it_is_told_and_closed_at_once(plugin, said, watched):
    process = plugin(linger=0)
    gateway = watched(process.gateway)
    process.kill()
    said.expect("gone")
    assert gateway.ends()
    assert said.until_the_end()[-1] == "close"


@pytest.mark.rule("PROC-22")
def test_whoever_was_forked_from_the_plug_in_does_not_keep_it_alive(plugin, said, watched):
    process = plugin("forks")
    gateway = watched(process.gateway)
    said.expect("send")
    process.kill()
    said.expect("gone")
    assert gateway.ends()


@pytest.mark.rule("PROC-22")
def test_a_link_that_hangs_in_traffic_does_not_outlive_its_plug_in(plugin, said, watched, domain):
    process = plugin("blocked", linger=0)
    gateway = watched(process.gateway)
    said.expect("send")
    process.kill()
    assert gateway.ends()
    Node(domain=domain).close()


@pytest.mark.rule("PROC-22")
def test_a_link_that_hangs_when_it_is_closed_does_not_outlive_its_plug_in(
    plugin, said, watched, domain
):
    process = plugin("stuck", linger=0)
    gateway = watched(process.gateway)
    process.kill()
    said.expect("close")
    assert gateway.ends()
    Node(domain=domain).close()  # what it could not take away, the next one does


@pytest.mark.rule("PROC-22")
def test_the_next_plug_in_need_not_wait_for_the_one_that_lingers(
    plugin, said, watched, line, planted
):
    process = plugin(linger=5)
    lingers = watched(process.gateway)
    process.kill()
    said.expect("gone")
    lab = planted()
    lab.register_with(line)
    eventually(line, lambda: is_up(lab))
    assert lingers.is_there
    os.kill(lingers.pid, signal.SIGTERM)
    assert lingers.ends()
    assert is_up(lab)


@pytest.mark.rule("PROC-23")
def test_a_ctrl_c_for_the_whole_group_ends_plug_in_and_gateway_in_order(plugin, said, watched):
    process = plugin(process_group=0)
    gateway = watched(process.gateway)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=LIMIT)
    assert (process.returncode, errors) == (0, "")
    assert gateway.ends()
    lines = said.until_the_end()
    assert "gone" not in lines
    assert lines[-1] == "close"
