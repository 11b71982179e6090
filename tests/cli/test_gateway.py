"""``taktora gateway`` in a process of its own, and a plug-in in this one."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

import taktora
from taktora import Runner
from taktora.connectors.health import words
from taktora.connectors.host import ConnectorHost
from taktora.errors import BackPressure, ConnectorDown

from .conftest import Command
from .installed import install

FILE = """
[[connectors]]
name = "lab"
type = "loopback"
reconnect = { initial = "50 ms", maximum = "1 s" }

[[connectors.channels]]
name = "motor/speed"
"""


@frozen
class Speed:
    number: int
    rpm: float = 1.5


class Plugin:
    """Sends a value every few milliseconds, takes what comes back, follows health."""

    def __init__(self, host: ConnectorHost) -> None:
        self.lab = lab = host["lab"]
        self.writer = lab.create_writer("motor/speed", Speed)
        self.reader = lab.create_reader("motor/speed", Speed)
        self.sent: list[int] = []
        self.refused: list[Exception] = []
        self.got: list[int] = []
        self.seen: list[str] = []
        self._health = lab.subscribe_health()
        self._changed = threading.Condition()
        host.add(taktora.every(0.005)(self.turn))
        host.add(taktora.on(self.reader)(self.take))

    def turn(self) -> None:
        number = len(self.sent) + len(self.refused)
        try:
            self.writer.send(Speed(number))
        except (ConnectorDown, BackPressure) as error:
            self.refused.append(error)
        else:
            self.sent.append(number)
        self.seen += [words(event.to) for event in self._health]
        self.tell()

    def take(self) -> None:
        self.got += [one.value.number for one in self.reader]
        self.tell()

    def tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def until(self, condition: Callable[[], object]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, 30), (self.seen, len(self.got))


class Gateways:
    """Starts gateways of a file, and ends them as a user would."""

    def __init__(self, command: Command, folder: Path) -> None:
        self.command = command
        self.env = install(folder / "installed")
        self.started: list[subprocess.Popen[str]] = []
        command.write(FILE, "lab.toml")

    def start(self, *options: str, file: str = "lab.toml") -> subprocess.Popen[str]:
        self.started.append(self.command.start("gateway", file, *options, env=self.env))
        return self.started[-1]

    def end(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.terminate()
            process.communicate(timeout=30)


@pytest.fixture
def gateways(taktora_command: Command, tmp_path: Path) -> Iterator[Gateways]:
    found = Gateways(taktora_command, tmp_path)
    yield found
    found.end()


@pytest.fixture
def plugin(gateways: Gateways, domain: str, monkeypatch: Any) -> Iterator[Plugin]:
    with ConnectorHost.from_file(gateways.command.folder / "lab.toml", domain=domain) as host:
        made = Plugin(host)
        with Runner(host.executor):
            yield made


@pytest.mark.rule("CLI-60")
def test_a_gateway_that_is_killed_is_down_and_one_that_is_started_again_is_up_by_itself(
    plugin: Plugin, gateways: Gateways
) -> None:
    gateways.start()
    plugin.until(lambda: plugin.seen[-1:] == ["up"] and len(plugin.got) > 20)

    gateways.started[0].kill()
    plugin.until(lambda: plugin.seen[-1].startswith("down: its gateway gave no sign of life"))
    refused = len(plugin.refused)
    plugin.until(lambda: len(plugin.refused) > refused + 5)
    assert all(isinstance(error, ConnectorDown) for error in plugin.refused[refused:])
    before = len(plugin.got)

    gateways.start()
    plugin.until(lambda: plugin.seen[-1] == "up" and len(plugin.got) > before + 20)
    stats = plugin.reader.stats()
    assert stats.restarts == 1
    assert stats.crc_errors == stats.decode_errors == 0
    assert plugin.got == sorted(set(plugin.got))
    assert set(plugin.got) <= set(plugin.sent)
    assert plugin.seen[-2:] == ["connecting", "up"]
    plugin.until(lambda: plugin.lab.lost)
    assert 0 < plugin.lab.lost["motor/speed"] <= len(plugin.sent)
    assert plugin.lab.gateway_stats()["out motor/speed"].gaps > 0


@pytest.mark.rule("CLI-60")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_gateway_ends_when_told_to_and_says_what_it_served(
    plugin: Plugin, gateways: Gateways, number: signal.Signals
) -> None:
    process = gateways.start()
    plugin.until(lambda: len(plugin.got) > 5)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "serving lab (loopback)" in err
    assert "connector 'lab' is up" in err
    assert "Traceback" not in err


@pytest.mark.rule("CLI-61")
def test_a_second_gateway_of_the_same_name_is_refused_and_the_first_goes_on(
    plugin: Plugin, gateways: Gateways
) -> None:
    gateways.start()
    plugin.until(lambda: len(plugin.got) > 5)
    _, err = gateways.start().communicate(timeout=30)
    assert gateways.started[1].returncode == 2
    assert "another gateway serves connector 'lab'" in err
    so_far = len(plugin.got)
    plugin.until(lambda: len(plugin.got) > so_far + 5)


@pytest.mark.rule("CLI-61")
@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("nosuch.toml", None, "nosuch.toml"),
        ("bad.toml", FILE.replace("loopback", "loopbak"), "did you mean 'loopback'"),
        ("bad.toml", FILE.replace("type", "typ"), "typ"),
        ("bad.toml", "[[connectors", "at the end: Expected ']]'"),
    ],
)
def test_a_file_with_mistakes_runs_nothing(
    gateways: Gateways, file: str, text: str | None, words: str
) -> None:
    if text is not None:
        gateways.command.write(text, file)
    process = gateways.start(file=file)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert words in err
    assert "Traceback" not in err


@pytest.mark.rule("CLI-62", "PROC-41")
def test_it_runs_where_and_as_the_file_or_else_its_options_ask_for(
    plugin: Plugin, gateways: Gateways
) -> None:
    cpu = min(os.sched_getaffinity(0))
    gateways.command.write("[process]\ncpus = [99999]\nfreeze_gc = true\n" + FILE, "asks.toml")
    process = gateways.start("--cpus", str(cpu), file="asks.toml")
    plugin.until(lambda: len(plugin.got) > 5)
    assert os.sched_getaffinity(process.pid) == {cpu}


@pytest.mark.rule("CLI-62")
@pytest.mark.parametrize(
    ("table", "options", "words"),
    [
        ("cpus = [99999]", (), "cannot run on CPU 99999"),
        ("fifo_priority = 100", (), "process.fifo_priority: fifo_priority must be from 1 to 99"),
        ("fifo_priority = 1", ("--workers", "1"), "leave --workers out"),
        ("fifo = 1", (), "process.fifo: is not known here"),
        ("", ("--fifo-priority", "0"), "fifo_priority must be from 1 to 99, not 0"),
        ("", ("--cpus", "a"), "'a' are not numbers such as 2,3"),
    ],
)
def test_what_cannot_be_asked_for_is_said_and_nothing_runs(
    gateways: Gateways, table: str, options: tuple[str, ...], words: str
) -> None:
    gateways.command.write(f"[process]\n{table}\n{FILE}", "asks.toml")
    process = gateways.start(*options, file="asks.toml")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert words in err
    assert "Traceback" not in err
