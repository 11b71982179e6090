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
        except BaseException as error:  # noqa: BLE001  # a SystemExit must not end a worker
            self.survive(error, target, name)

    def survive(self, error: BaseException, target: object, name: str) -> None:
        """Deal with what ``target.name`` raised; for callers who cannot afford :meth:`call`.

        Raises:
            KeyboardInterrupt: as :meth:`call`.
        """
        here = threading.current_thread()
        if isinstance(error, KeyboardInterrupt) and here is threading.main_thread():
            raise error
        if (id(target), name) not in self._reported:  # a broken one must not flood the log
            self._reported.add((id(target), name))
            logger.error("%s.%s raised; further ones are not logged", target, name, exc_info=error)
