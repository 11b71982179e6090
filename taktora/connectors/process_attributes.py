"""What a gateway's process asks of the kernel and of the interpreter, so that its cycle is on time."""

from __future__ import annotations

import errno
import gc
import os
from collections.abc import Callable, Iterable
from typing import Any

from attrs import field, frozen

from taktora.drivers import libc
from taktora.errors import InvalidArgument, ThreadAttributesError, WrongType

__all__ = ["ProcessAttributes"]

_HELP = "`taktora doctor` says what is allowed"


@frozen(kw_only=True)
class ProcessAttributes:
    """For a process that has one gateway's work to do. What is not given is left as it is.

    Raises:
        InvalidArgument, WrongType: a value that cannot be.
    """

    fifo_priority: int | None = field(default=None)
    """SCHED_FIFO priority of its main thread, 1 (lowest) to 99 (sched(7)); needs root, CAP_SYS_NICE
    or an rtprio limit."""
    cpus: tuple[int, ...] | None = field(default=None)
    """CPUs that its main thread, and threads that are started later, may run on; those that run
    nothing else are best."""
    lock_memory: bool = field(default=False)
    """Keep all that it has in memory (mlockall(2)); needs root, CAP_IPC_LOCK or a memlock limit."""
    freeze_gc: bool = field(default=False)
    """Have the garbage collector pass over all that there is once the gateway is ready."""

    @fifo_priority.validator
    def _check_priority(self, _: Any, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, int):
            raise WrongType(f"fifo_priority must be an integer, not {value!r}")
        if not 1 <= value <= 99:
            raise InvalidArgument(f"fifo_priority must be from 1 to 99, not {value}")

    @cpus.validator
    def _check_cpus(self, _: Any, value: Any) -> None:
        if value is None:
            return
        if not isinstance(value, list | tuple):
            raise WrongType(f"cpus must be a tuple of CPU numbers, not {value!r}")
        if not value:
            raise InvalidArgument("cpus must name at least one CPU")
        for one in value:
            if isinstance(one, bool) or not isinstance(one, int):
                raise WrongType(f"cpus must hold CPU numbers, not {one!r}")
            if one < 0:
                raise InvalidArgument(f"cpus must hold CPU numbers, 0 or more, not {one}")

    @lock_memory.validator
    @freeze_gc.validator
    def _check_bool(self, its: Any, value: Any) -> None:
        if not isinstance(value, bool):
            raise WrongType(f"{its.name} must be true or false, not {value!r}")

    def joined(self, others: Iterable[ProcessAttributes]) -> ProcessAttributes:
        """These, for a process that does the work of ``others`` as well.

        Where these say nothing, the highest priority counts, and all of their CPUs together. Memory is
        locked, and the garbage collector held, if anybody asks for it.
        """
        every = [self, *others]
        priorities = [one.fifo_priority for one in every if one.fifo_priority is not None]
        cpus = sorted({cpu for one in every for cpu in one.cpus or ()})
        return ProcessAttributes(
            fifo_priority=self.fifo_priority or max(priorities, default=None),
            cpus=self.cpus or tuple(cpus) or None,
            lock_memory=any(one.lock_memory for one in every),
            freeze_gc=any(one.freeze_gc for one in every),
        )

    def apply(self) -> None:
        """Ask for all of it, for this process and the calling thread. Nothing is put back.

        Threads that this one starts afterwards have no real-time priority.

        Raises:
            ThreadAttributesError: the kernel refused; what was asked for before it holds.
        """
        cpus = self.cpus
        if cpus is not None:
            _ask(f"run on CPU {_listed(cpus)}", lambda: _pin(cpus), _no_cpu)
        if self.fifo_priority is not None:
            wanted = os.sched_param(self.fifo_priority)
            _ask(
                f"set SCHED_FIFO priority {self.fifo_priority}",
                lambda: os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, wanted),
                lambda: "run as root, grant CAP_SYS_NICE, or raise the rtprio limit (ulimit -r)",
            )
        if self.lock_memory:
            _ask(
                "lock its memory",
                libc.lock_memory,
                lambda: "run as root, grant CAP_IPC_LOCK, or raise the memlock limit (ulimit -l)",
            )
        if self.freeze_gc:
            gc.collect()
            gc.freeze()


def _pin(cpus: tuple[int, ...]) -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    if os.sched_getaffinity(0) != set(cpus):  # of several, those that there are would do
        os.sched_setaffinity(0, before)
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


def _ask(what: str, call: Callable[[], object], hint: Callable[[], str]) -> None:
    try:
        call()
    except OSError as error:
        raise ThreadAttributesError(
            error.errno, f"cannot {what}: {error.strerror}; {hint()}, or leave it out. {_HELP}"
        ) from error


def _no_cpu() -> str:
    return f"CPUs here are {_listed(range(os.cpu_count() or 1))}: take one of them"


def _listed(numbers: Any) -> str:
    return ", ".join(map(str, numbers))
