"""An executor on a thread of its own."""

from __future__ import annotations

import logging
import threading
from types import TracebackType
from typing import Self

from taktora.errors import AskTimeout, ExecutorError, ExecutorRunning, WrongType
from taktora.executor import Executor
from taktora.time import Duration, to_nanos

__all__ = ["Runner"]

logger = logging.getLogger("taktora")


class Runner:
    """Hosts ``executor.run()`` on its own thread, which is the driver.

    Starts at once, or with ``deferred=True`` only after :meth:`start`. As a context manager it
    stops at the end of the block and raises what the run raised.

    Raises:
        WrongType: not an ``Executor``.
        ExecutorClosed: the executor is closed.
        ExecutorRunning: the executor runs already.
    """

    def __init__(self, executor: Executor, deferred: bool = False) -> None:
        if not isinstance(executor, Executor):
            raise WrongType(f"Runner takes an Executor, not {executor!r}")
        self._executor = executor
        self._error: BaseException | None = None
        self._finished = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._stopped = False
        executor.check_runnable()
        if not deferred:
            self.start()

    def __repr__(self) -> str:
        if self._thread is None:
            state = "deferred"
        else:
            state = "finished" if self._finished.is_set() else "running"
        return f"<Runner of {self._executor.name!r}, {state}>"

    @property
    def is_running(self) -> bool:
        """Whether the run has begun and not ended."""
        return self._thread is not None and not self._finished.is_set()

    def start(self) -> None:
        """Begin the run and return once the executor is up; a no-op when already started.

        Raises:
            ExecutorError: the runner was stopped; make a new one.
            ThreadAttributesError: the kernel refused an attribute (raised by :meth:`stop`).
        """
        with self._lock:
            if self._stopped:
                raise ExecutorError("this runner was stopped; make a new Runner to run again")
            if self._thread is not None:
                return
            self._executor.check_runnable()
            up = threading.Event()
            self._thread = threading.Thread(
                target=self._main, args=(up,), name=f"{self._executor.name}-runner", daemon=True
            )
            self._thread.start()
        up.wait()

    def stop(self, timeout: Duration | None = None) -> None:
        """End the run, join its thread, and raise what it raised (once). Idempotent.

        Raises:
            AskTimeout: still running after ``timeout`` (seconds or ``timedelta``).
            ExecutorRunning: called on the runner's own thread; use ``ctx.stop_executor()``.
            ItemFailed: an item ended the run.
        """
        limit = None if timeout is None else to_nanos(timeout, what="timeout", zero=True) / 1e9
        with self._lock:
            self._stopped = True
            thread = self._thread
        if thread is None:
            return
        if thread is threading.current_thread():
            raise ExecutorRunning("a runner cannot join itself; use ctx.stop_executor()")
        if not self._finished.is_set():
            self._executor.stop()
        thread.join(limit)
        if thread.is_alive():
            raise AskTimeout(
                f"{self!r} still runs after {limit} seconds: an execution does not end"
            )
        error, self._error = self._error, None
        if error is not None:
            raise error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.stop()
            return
        try:
            self.stop()
        except Exception:  # the block's own error is on its way; do not hide it
            logger.exception("%r also failed", self)

    def _main(self, up: threading.Event) -> None:
        try:
            self._executor.run_on_this_thread(up.set)
        except BaseException as error:  # noqa: BLE001  # raised again by stop()
            self._error = error
        finally:
            self._finished.set()
            up.set()
