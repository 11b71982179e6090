"""The future that an ask returns: pykka's ``Future`` on one raw lock instead of a condition.

Everything that pykka documents about futures holds here (``filter``, ``join``, ``map``,
``reduce``, get hooks, ``queue.Full`` on a second ``set``). New: :meth:`Promise.add_done_callback`,
an ``await`` that does not block the event loop, and a refusal to wait on a thread that runs actors.
"""

from __future__ import annotations

import asyncio
import logging
import math
import queue
import sys
import threading
import time
from collections.abc import Callable, Generator
from datetime import timedelta
from types import TracebackType
from typing import Any, TypeVar

import pykka

from taktora.actors.blocking import refuse_to_block
from taktora.drivers.waker import Waker, waker_of_this_thread
from taktora.errors import AskTimeout, BlockingInActor, InvalidArgument, WrongType

__all__ = ["Promise", "to_seconds"]

T = TypeVar("T")
ExcInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


logger = logging.getLogger("taktora")

_LONGEST_POLL = 86_400.0  # s


def to_seconds(timeout: Any) -> float | None:
    """A timeout in seconds; ``None`` stays, and (as in pykka) negative means "do not wait".

    Raises:
        WrongType: neither ``None``, a ``timedelta`` nor a number.
        InvalidArgument: NaN.
    """
    if timeout is None or (type(timeout) is float and not math.isnan(timeout)):
        return timeout
    if isinstance(timeout, timedelta):
        return timeout.total_seconds()
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        raise WrongType(f"timeout must be seconds, a timedelta or None, not {timeout!r}")
    if math.isnan(timeout):
        raise InvalidArgument("timeout must not be NaN")
    return timeout


class Promise(pykka.Future[T]):
    """A value that is there now or later. Thread-safe."""

    __slots__ = ("_callbacks", "_error", "_settled", "_traceback", "_value", "_waiters")

    _guard = threading.Lock()
    """Shared by all promises; held for a few instructions, only when someone waits or hooks in."""

    def __init__(self) -> None:
        # Not super().__init__(): it makes what only derived futures need, for every ask.
        self._get_hook = None
        self._settled = False
        self._value: Any = None
        self._error: BaseException | None = None
        self._callbacks: list[Callable[[Promise[T]], None]] | None = None
        self._waiters: list[Waker] | None = None

    def __repr__(self) -> str:
        if self._get_hook is not None:
            return "<Promise derived>"
        if not self._settled:
            return "<Promise pending>"
        return f"<Promise {self._value!r}>" if self._error is None else f"<Promise {self._error!r}>"

    @property
    def done(self) -> bool:
        """Whether the value, or the exception, is there. Derived futures are decided by ``get``."""
        return self._settled

    def expect(self) -> None:
        """Wake the calling thread when settled. For its only owner, before it is shared."""
        self._waiters = [waker_of_this_thread()]

    def nudge(self) -> None:
        """Wake whoever sleeps until it is settled, to look around."""
        for waker in self._waiters or ():
            waker.wake()

    def get(self, *, timeout: float | None = None) -> T:
        """The value; waits for it up to ``timeout`` seconds (``None``: as long as it takes).

        Raises:
            AskTimeout: not there in time (also a ``pykka.Timeout`` and a ``TimeoutError``).
            BlockingInActor: it would have to wait, on a thread that runs actors.
            Exception: what the promise was settled with.
        """
        if self._get_hook is not None:
            return self._derive(timeout)
        if not self._settled:
            self._wait(to_seconds(timeout))
        if self._error is not None:
            # Not with what earlier gets added to it: an answer may be looked at many times.
            raise self._error.with_traceback(self._traceback)
        return self._value  # type: ignore[no-any-return]

    def _derive(self, timeout: float | None) -> T:
        try:
            value = super().get(timeout=timeout)
        except (pykka.Timeout, BlockingInActor):
            raise
        except BaseException:
            self._decided()
            raise
        self._decided()
        return value

    def _decided(self) -> None:
        """A derived future has its result: continue with what waits for it."""
        with self._guard:
            self._settled = True
            callbacks, self._callbacks = self._callbacks, None
        for callback in callbacks or ():
            self._call(callback)

    def _call(self, callback: Callable[[Promise[T]], None]) -> None:
        try:
            callback(self)
        except Exception:  # as concurrent.futures: its thread has other things to do
            logger.exception("a done callback of %r raised", self)

    def _wait(self, timeout: float | None) -> None:
        if timeout is None or timeout > 0:
            refuse_to_block()
        waker = waker_of_this_thread()
        with self._guard:
            if self.done:
                return
            if self._waiters is None:
                self._waiters = []
            self._waiters.append(waker)
        if timeout is None:
            while not self._poll():
                waker.sleep()
            return
        end = time.monotonic() + timeout
        while not self._poll():
            left = end - time.monotonic()
            # A poll cannot wait longer than this; it is asked again then.
            if left <= 0 or not (waker.sleep(min(left, _LONGEST_POLL)) or left > _LONGEST_POLL):
                with self._guard:
                    if self._poll():
                        return
                    assert self._waiters is not None
                    self._waiters.remove(waker)
                raise AskTimeout(f"no answer within {timeout} seconds")

    def _poll(self) -> bool:
        return self._settled

    def set(self, value: T | None = None) -> None:
        """Settle with ``value``. Raises ``queue.Full`` when already settled or derived."""
        self._settle(value, None)

    def set_exception(self, exc_info: ExcInfo | None = None) -> None:
        """Settle with an exception: ``exc_info``, or the one being handled."""
        assert exc_info is None or len(exc_info) == 3
        kind, error, traceback = exc_info if exc_info is not None else sys.exc_info()
        assert kind is not None, "set_exception() outside of an except block needs exc_info"
        if error is None:
            error = kind()
        if error.__traceback__ is not traceback:
            error = error.with_traceback(traceback)
        self._settle(None, error)

    def fail(self, error: BaseException) -> None:
        """Settle with ``error``."""
        self._settle(None, error)

    def _settle(self, value: Any, error: BaseException | None) -> None:
        with self._guard:
            if self._settled or self._get_hook is not None:
                raise queue.Full
            self._value = value
            self._error = error
            self._traceback = None if error is None else error.__traceback__
            self._settled = True
            waiters, callbacks = self._waiters, self._callbacks
            self._waiters = self._callbacks = None
        if waiters is not None:
            for waker in waiters:
                waker.wake()
        if callbacks is not None:
            for callback in callbacks:
                self._call(callback)

    def set_get_hook(self, func: Callable[[float | None], T]) -> None:
        """Make this a derived future: ``func(timeout)`` is called by the first ``get``."""
        with self._guard:
            if self._settled:
                raise queue.Full
            super().__init__()
            super().set_get_hook(func)

    def add_done_callback(self, callback: Callable[[Promise[T]], None]) -> None:
        """Call ``callback(promise)`` once settled: on the settling thread, or at once if it is.

        Keep it short; to go on working, ``tell`` an actor from it. An exception in it is logged.
        On a derived future the callback runs when somebody has called ``get``; add it to the
        original instead.
        """
        with self._guard:
            if not self._settled:
                if self._callbacks is None:
                    self._callbacks = []
                self._callbacks.append(callback)
                return
        self._call(callback)

    def __await__(self) -> Generator[Any, None, T]:
        """Wait inside an event loop without blocking it."""
        loop = asyncio.get_running_loop()
        if self._get_hook is not None:
            return (yield from loop.run_in_executor(None, self.get).__await__())
        if not self._settled:
            wake: asyncio.Future[None] = loop.create_future()

            def resolve(_: Any = None) -> None:
                loop.call_soon_threadsafe(lambda: None if wake.done() else wake.set_result(None))

            self.add_done_callback(resolve)
            yield from wake.__await__()
        return self.get()

    __iter__ = __await__
