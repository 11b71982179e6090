"""Named pipes on which planted links say what happens, executors that run, and processes watched."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from taktora import Executor, Runner
from taktora.connectors import Connector, ExponentialBackoff
from tests.connectors.gateway.conftest import bench, bench_of
from tests.connectors.process.planted import Options, Planted
from tests.runtimes import LIMIT

__all__ = ["bench", "bench_of"]  # fixtures

QUICK = {"reconnect": ExponentialBackoff(0.01, 0.05), "heartbeat": 0.02, "stale_after": 5}


class Said:
    """What links say, line by line; they may be in any process."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = str(path)
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._also_writes = os.open(path, os.O_WRONLY)
        self._rest = b""
        self.lines: list[str] = []

    def expect(self, *words: str) -> list[str]:
        """Wait for a line that begins with ``words``; all that were said up to it."""
        wanted = " ".join(words)
        passed: list[str] = []
        end = time.monotonic() + LIMIT
        while True:
            while self.lines:
                passed.append(self.lines.pop(0))
                if f"{passed[-1]} ".startswith(f"{wanted} "):
                    return passed
            assert self._read(end), f"no {wanted!r} within {LIMIT} s, but {passed}"

    def until_the_end(self) -> list[str]:
        """All that is said until nobody can say anything any more."""
        self._close_mine()
        end = time.monotonic() + LIMIT
        while self._read(end):
            pass
        assert time.monotonic() < end
        lines, self.lines = self.lines, []
        return lines

    def _read(self, end: float) -> bool:
        """More lines, ``False``: there are no writers any more, or it took too long."""
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        if not poll.poll(max(0.0, end - time.monotonic()) * 1000):
            return False
        chunk = os.read(self._fd, 65536)
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        self.lines += [line.decode() for line in whole]
        return bool(chunk)

    def _close_mine(self) -> None:
        if self._also_writes >= 0:
            os.close(self._also_writes)
            self._also_writes = -1

    def close(self) -> None:
        self._close_mine()
        os.close(self._fd)


@pytest.fixture
def said(tmp_path: Path) -> Iterator[Said]:
    one = Said(tmp_path / "said")
    yield one
    one.close()


class Watched:
    """A process that is somebody's, seen by a pidfd."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._fd = os.pidfd_open(pid)

    def ends(self) -> bool:
        """Whether it does so soon."""
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        return bool(poll.poll(LIMIT * 1000))

    @property
    def is_there(self) -> bool:
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        os.close(self._fd)


@pytest.fixture
def watched() -> Iterator[Callable[[int], Watched]]:
    made: list[Watched] = []

    def watch(pid: int | None) -> Watched:
        assert pid is not None
        made.append(Watched(pid))
        return made[-1]

    yield watch
    for one in made:
        one.close()


@pytest.fixture
def line(domain: str) -> Iterator[Executor]:
    """An executor that runs."""
    with Executor(domain=domain) as executor, Runner(executor):
        yield executor


@pytest.fixture
def planted(said: Said) -> Iterator[Callable[..., Planted]]:
    """Makes connectors whose gateways are in processes of their own; they are closed at the end."""
    made: list[Connector] = []

    def make(name: str = "lab", *, kind: type[Planted] = Planted, **given: Any) -> Planted:
        trouble = given.pop("trouble", "")
        options = Options(pipe=said.path, plugin=os.getpid(), trouble=trouble)
        given = {"gateway": "own process", "options": options} | QUICK | given
        made.append(kind(name, **given))
        return made[-1]

    yield make
    for one in made:
        one.close()


def pid_of(connector: Connector) -> int:
    """The process of its gateway."""
    pid = connector.gateway_process
    assert pid is not None
    return pid
