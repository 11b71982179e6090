"""Noticing that a process of the domain has ended, and cleaning up behind it without holding us up.

What a killed process held in shared memory counts until somebody removes it, which takes a hundred
milliseconds where it had many channels. So its end is seen by a pidfd, of which looking at costs a
microsecond, and what it left is removed by a thread, in the one call of iceoryx2 that lets the rest
of the interpreter run meanwhile.
"""

from __future__ import annotations

import os
import re
import select
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import iceoryx2 as iox

from taktora.ipc.unfinished import remove_unfinished

__all__ = ["Neighbours", "process_of"]

_SETTLED: Final = 50_000_000  # ns
_LONGEST: Final = 2000  # ms, for another process that is at the same work
_PATIENCE: Final = 3.0  # s


def process_of(node: int) -> int:
    """The process of a node: above the 64 bits of its id that say when, and below a counter."""
    return node >> 64 & 0xFFFF_FFFF


class Neighbours:
    """The other processes with a node in the domain of ``config``. One thread at a time."""

    def __init__(self, config: Any) -> None:
        settings = config.global_cfg
        self._config = config
        self._prefix: str = settings.prefix.to_string()
        self._nodes = Path(settings.root_path.to_string()) / settings.node.directory.to_string()
        monitor = settings.node.monitor_suffix.to_string()
        self._names = re.compile(rf"{re.escape(self._prefix)}(\d+){re.escape(monitor)}")
        self._stamp = 0
        self._watched: dict[int, int] = {}
        """By the node's id a pidfd of its process; -1: not to be watched any more."""
        self._poll = select.poll()
        self._died = False
        self._undertaker: threading.Thread | None = None

    def look(self) -> None:
        """Once a neighbour has ended since the last look, begin to clean up behind it."""
        self._learn()
        for pidfd, _ in self._poll.poll(0):
            self._forget(next(node for node, its in self._watched.items() if its == pidfd))
            self._died = True
        if self._died and (self._undertaker is None or not self._undertaker.is_alive()):
            self._died = False
            self._undertaker = threading.Thread(
                target=self._bury, name="taktora-undertaker", daemon=True
            )
            self._undertaker.start()

    def _learn(self) -> None:
        """Watch over those that are new. Most of the time nobody is, and nothing is read."""
        try:
            stamp = self._nodes.stat().st_mtime_ns
            if stamp == self._stamp:
                return
            names = os.listdir(self._nodes)  # noqa: PTH208 - a quarter of the time
        except OSError:  # nobody has a node any more, or it is closed to us
            return
        # two changes within one tick of the file system's clock have one stamp
        self._stamp = stamp if time.time_ns() - stamp > _SETTLED else 0
        present = {int(found[1]) for found in map(self._names.fullmatch, names) if found}
        for node in self._watched.keys() - present:
            self._forget(node)
            del self._watched[node]
        for node in present - self._watched.keys():
            self._watch(node)

    def _watch(self, node: int) -> None:
        self._watched[node] = -1
        process = process_of(node)
        if process == os.getpid():
            return
        try:
            self._watched[node] = pidfd = os.pidfd_open(process)
        except OSError:  # it has ended, or is none of this name space: iceoryx2 will know
            self._died = True
        else:
            self._poll.register(pidfd, select.POLLIN)

    def _forget(self, node: int) -> None:
        pidfd, self._watched[node] = self._watched[node], -1
        if pidfd >= 0:
            self._poll.unregister(pidfd)
            os.close(pidfd)

    def _bury(self) -> None:
        remove_unfinished(self._prefix)
        patience = iox.Duration.from_millis(_LONGEST)
        with suppress(iox.NodeListFailure):
            for state in iox.Node.list(iox.ServiceType.Ipc, self._config):
                if isinstance(state, iox.NodeState.Dead):
                    with suppress(iox.NodeCleanupFailure):  # another user's
                        state[0].blocking_remove_stale_resources(patience)

    def close(self) -> None:
        """Watch over nobody any more; waits for the cleaning that is under way."""
        if self._undertaker is not None:
            self._undertaker.join(_PATIENCE)
        for node in self._watched:
            self._forget(node)
