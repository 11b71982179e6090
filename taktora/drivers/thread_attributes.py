"""Affinity, name, real-time priority and timer slack of the threads that run items."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from attrs import field, frozen

from taktora.drivers import libc
from taktora.errors import InvalidArgument, ThreadAttributesError, WrongType
from taktora.time import Duration, Nanos, to_nanos

__all__ = ["ThreadAttributes"]


def _cores(value: Any) -> tuple[int, ...] | None:
    if value is None:
        return None
    try:
        cores = (value,) if isinstance(value, int) else tuple(value)
    except TypeError:
        raise WrongType(f"affinity must be CPU numbers, not {value!r}") from None
    for core in cores:
        if isinstance(core, bool) or not isinstance(core, int):
            raise WrongType(f"affinity must hold CPU numbers, not {core!r}")
    if not cores:
        raise InvalidArgument("affinity must name at least one CPU")
    usable = os.sched_getaffinity(0)
    strange = [core for core in cores if core not in usable]
    if strange:
        raise InvalidArgument(
            f"affinity: CPU {strange[0]} is not usable here; {sorted(usable)} are"
        )
    return cores


def _slack(value: Duration | None) -> Nanos | None:
    return None if value is None else to_nanos(value, what="timer_slack")


@frozen(kw_only=True)
class ThreadAttributes:
    """What the kernel is asked for. ``None`` leaves a setting alone.

    With ``worker_threads=0`` they apply to the driver thread for the length of a run and are put
    back afterwards, else to the workers.
    """

    affinity: tuple[int, ...] | None = field(default=None, converter=_cores)
    """CPU numbers; worker ``i`` is pinned to ``affinity[i % len(affinity)]``."""
    name_prefix: str | None = field(default=None)
    """Worker ``i`` is called ``<name_prefix>-<i>``; the kernel keeps 15 bytes."""
    fifo_priority: int | None = field(default=None)
    """SCHED_FIFO priority, 1 (lowest) to 99; needs root or an rtprio limit (sched(7))."""
    timer_slack: Nanos | None = field(default=None, converter=_slack)
    """How late the kernel may make timers; given as a duration, kept in nanoseconds."""

    @name_prefix.validator
    def _check_name(self, _: Any, value: Any) -> None:
        if value is not None and not isinstance(value, str):
            raise WrongType(f"name_prefix must be a string, not {value!r}")
        if value == "":
            raise InvalidArgument("name_prefix must not be empty")

    @fifo_priority.validator
    def _check_priority(self, _: Any, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, int):
            raise WrongType(f"fifo_priority must be an integer, not {value!r}")
        if not 1 <= value <= 99:
            raise InvalidArgument(f"fifo_priority must be from 1 to 99, not {value}")

    @contextmanager
    def applied(self, index: int = 0) -> Iterator[None]:
        """Apply to the calling thread as worker ``index``; put everything back at the end.

        Raises:
            ThreadAttributesError: the kernel refused; everything is as it was.
        """
        with ExitStack() as undo:
            if self.affinity is not None:
                before = os.sched_getaffinity(0)
                core = self.affinity[index % len(self.affinity)]
                _ask(f"pin to CPU {core}", lambda: os.sched_setaffinity(0, {core}))
                undo.callback(os.sched_setaffinity, 0, before)
            if self.fifo_priority is not None:
                policy, param = os.sched_getscheduler(0), os.sched_getparam(0)
                wanted = os.sched_param(self.fifo_priority)
                _ask(
                    f"set SCHED_FIFO priority {self.fifo_priority}",
                    lambda: os.sched_setscheduler(0, os.SCHED_FIFO, wanted),
                )
                undo.callback(os.sched_setscheduler, 0, policy, param)
            if self.timer_slack is not None:
                slack, wish = libc.get_timer_slack(), self.timer_slack
                _ask(f"set timer slack {wish} ns", lambda: libc.set_timer_slack(wish))
                undo.callback(libc.set_timer_slack, slack)
            yield


def _ask(what: str, call: Callable[[], object]) -> None:
    try:
        call()
    except OSError as error:
        raise ThreadAttributesError(
            error.errno,
            f"cannot {what}: {error.strerror}. Run as root, grant CAP_SYS_NICE, raise the rtprio "
            "limit (ulimit -r), or leave the attribute out; `taktora doctor` says what is allowed",
        ) from error
