"""Calls into code that must not be able to break what calls it."""

from __future__ import annotations

import logging
import threading
from typing import Any

__all__ = ["Isolation"]

logger = logging.getLogger("taktora")


class Isolation:
    """Calls methods of observers and monitors and survives them. Any thread."""

    __slots__ = ("_reported",)

    def __init__(self) -> None:
        self._reported: set[tuple[int, str]] = set()

    def call(self, target: object, name: str, args: tuple[Any, ...]) -> None:
        """``target.name(*args)``. What it raises is logged, once per target and name.

        Raises:
            KeyboardInterrupt: on the main thread: a second Ctrl-C, not the target's doing.
        """
        try:
            getattr(target, name)(*args)
        except KeyboardInterrupt:
            if threading.current_thread() is threading.main_thread():
                raise
        except BaseException:  # a SystemExit in here must not end a worker
            if (id(target), name) not in self._reported:  # a broken one must not flood the log
                self._reported.add((id(target), name))
                logger.exception("%s.%s raised; further ones are not logged", target, name)
