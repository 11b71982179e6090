"""Processes of a measurement: started in the network of the thread that starts them, and ended with it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

__all__ = ["Broke", "Process", "process"]


class Broke(Exception):
    """A process has ended before it had anything to say."""


class Process:
    """One of them, and the line to it."""

    def __init__(self, name: str, line: Connection) -> None:
        self._name = name
        self._line = line

    def tell(self) -> None:
        """Tell it to go on."""
        self._line.send(None)

    def hear(self) -> Any:
        """What it says next.

        Raises:
            Broke: nothing; its traceback is on standard error.
        """
        try:
            return self._line.recv()
        except EOFError:
            raise Broke(f"the process of the {self._name} has ended") from None


@contextmanager
def process(work: Callable[..., None], *arguments: Any) -> Iterator[Process]:
    """A fresh interpreter that does ``work(line, *arguments)``."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    child = spawn.Process(target=work, args=(theirs, *arguments), daemon=True)
    child.start()
    theirs.close()
    try:
        yield Process(work.__name__, ours)
        child.join(30)
    finally:
        ours.close()
        if child.is_alive():
            child.kill()
            child.join()
