"""The worker pool: N threads, one queue, one thread kept hot, a second woken only on backlog.

A submit wakes a sleeping worker only when nobody is on the way to the queue already; a worker
that takes a job and leaves more behind wakes the next one. So a lone job always lands on the
thread that slept last (its caches are warm, and no two threads take turns), while a burst spreads
over all of them. Nobody spins.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from taktora.drivers import libc
from taktora.drivers.thread_attributes import ThreadAttributes
from taktora.drivers.waker import Waker, waker_of_this_thread

__all__ = ["WorkerPool"]

Job = Any
"""Whatever the pool's ``work`` function takes."""


class WorkerPool:
    """Threads that run jobs. ``start`` and ``stop`` on one thread; ``submit`` on any."""

    def __init__(
        self,
        threads: int,
        work: Callable[[Job], None],
        *,
        name: str,
        attributes: ThreadAttributes | None = None,
        around: Callable[[], Any] = nullcontext,
    ) -> None:
        self._count = threads
        self._do = work
        prefix = attributes.name_prefix if attributes is not None else None
        self._name = prefix if prefix is not None else f"{name}-worker"
        self._attributes = attributes
        self._around = around
        self._jobs: deque[Job] = deque()
        self._lock = threading.Lock()
        self._asleep: list[Waker] = []  # of sleeping workers; the last one slept last
        self._coming = 0  # workers that were woken and have not looked at the queue yet
        self._stopping = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads and wait until each has its attributes.

        Raises:
            ThreadAttributesError: the kernel refused an attribute; no thread is left running.
        """
        self._stopping = False
        self._coming = 0
        started = threading.Semaphore(0)
        errors: list[BaseException] = []
        for index in range(self._count):
            thread = threading.Thread(
                target=self._main,
                args=(index, started, errors),
                name=f"{self._name}-{index}",
                daemon=True,  # a job that never ends must not keep the interpreter from exiting
            )
            self._threads.append(thread)
            thread.start()
        for _ in range(self._count):
            started.acquire()
        if errors:
            self.stop()
            raise errors[0]

    def submit(self, job: Job) -> None:
        """Queue ``job``; a worker does it soon."""
        with self._lock:
            self._jobs.append(job)
            waker = self._pick()
        if waker is not None:
            waker.wake()

    def stop(self) -> None:
        """Let the workers finish what is queued, then join them."""
        with self._lock:
            self._stopping = True
            sleepers = self._asleep[:]
            self._asleep.clear()
        for sleeper in sleepers:
            sleeper.wake()
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def abandon(self) -> None:
        """Tell the workers to go when they are done, without waiting (a second Ctrl-C)."""
        with self._lock:
            self._stopping = True
            self._jobs.clear()
            sleepers = self._asleep[:]
            self._asleep.clear()
        for sleeper in sleepers:
            sleeper.wake()
        self._threads.clear()

    def _pick(self) -> Waker | None:
        """Under the lock: the worker to wake, if one sleeps and none is coming."""
        if self._coming or not self._asleep:
            return None
        self._coming += 1
        return self._asleep.pop()

    def _main(self, index: int, started: threading.Semaphore, errors: list[BaseException]) -> None:
        attributes = self._attributes or ThreadAttributes()
        try:
            with attributes.applied(index), self._around():
                libc.set_thread_name(f"{self._name[:12]}-{index}")
                started.release()
                self._work()
        except OSError as error:
            errors.append(error)
            started.release()

    def _work(self) -> None:
        me = waker_of_this_thread()
        lock, jobs, do = self._lock, self._jobs, self._do
        woken = False
        while True:
            with lock:
                if woken:
                    self._coming -= 1
                    woken = False
                if jobs:
                    job = jobs.popleft()
                    waker = self._pick() if jobs else None
                elif self._stopping:
                    return
                else:
                    self._asleep.append(me)
                    job = waker = None
            if waker is not None:
                waker.wake()
            if job is not None:
                do(job)
                job = None  # do not keep it alive while asleep
                continue
            me.sleep()  # until picked, or until stop
            woken = not self._stopping
