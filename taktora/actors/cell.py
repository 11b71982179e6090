"""The cell: one actor, its inbox, and the loop that hands it one batch of mail at a time.

A worker, or the driver thread, calls :meth:`Cell.run` when the scheduler said ``Execute``; the
answer is the stimulus to report. Never two calls at the same time: the scheduler sees to that.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
from time import monotonic_ns
from typing import Any, Final

from taktora.actors.actor import Actor, Entry, answer_dead, is_stop
from taktora.actors.inbox import Inbox
from taktora.core.budgets import Fault
from taktora.core.commands import Land
from taktora.core.identity import ItemId
from taktora.core.mailbox import Wake
from taktora.core.stimuli import Completed, Failed, Stimulus, Stopped, Told
from taktora.core.triggers import Trigger
from taktora.observe.counters import ItemCounters
from taktora.time import Nanos

__all__ = ["Cell", "RunSwitch"]

logger = logging.getLogger("taktora")


_ANY_TIME: Final = 2**63 - 1


class RunSwitch:
    """What all cells of an executor look at between two messages."""

    __slots__ = ("fault", "stopping")

    def __init__(self) -> None:
        self.stopping = False
        """The run was asked to end. Written by any thread."""
        self.fault: Fault | None = None
        """The executor is faulted: no item runs, only fault handlers. Written by the driver."""


class Cell:
    """Runs one plain :class:`Actor`; see ``items.ItemCell`` for items."""

    __slots__ = (
        "actor",
        "actor_id",
        "clock",
        "completed",
        "counters",
        "fault",
        "inbox",
        "inline",
        "limit",
        "on_dead_letter",
        "ran",
        "switch",
        "throughput",
        "told",
        "triggers",
    )

    def __init__(self, actor: Actor, actor_id: ItemId, *, throughput: int, inline: bool) -> None:
        self.actor = actor
        self.actor_id = actor_id
        self.inbox: Inbox = actor.actor_inbox
        self.throughput = throughput
        self.inline = inline
        self.switch = RunSwitch()
        self.clock: Callable[[], Nanos] = monotonic_ns
        """What time it is; the driver's."""
        self.counters = ItemCounters()
        self.completed = Completed(actor_id)
        self.told = Told(actor_id)
        self.on_dead_letter: Any = None
        self.limit: Nanos = _ANY_TIME
        """What an execution may take before the scheduler must hear of it."""
        self.fault: Fault | None = None
        """The actor is faulted. Written by the driver while it is at rest."""
        self.triggers: tuple[Trigger, ...] = ()
        self.ran = True
        """``False`` after a wake-up of a faulted actor that ran nothing, until that was seen."""

    def __repr__(self) -> str:
        return f"<Cell {self.actor_id!r} {'inline' if self.inline else 'pool'}>"

    # --- what the scheduler commands ------------------------------------------------------------

    def start(self) -> Stimulus | None:
        """Run ``on_start``; what to report if that ended the actor."""
        try:
            self.actor.on_start()
        except BaseException as error:  # noqa: BLE001  # logged, or supervised
            return self._start_failed(error)
        return None

    def run(self) -> Stimulus:
        """Handle waiting mail, up to ``throughput`` pieces; what to report."""
        take, clock = self.inbox.take, self.clock
        counters = self.counters
        overran = 0
        for _ in range(self.throughput):
            entry = take()
            if entry is None:
                break
            began = clock()
            woken = type(entry) is Wake
            if woken:
                error = self._wake(entry, began)
                if not self.ran:  # no execution, so nothing to count
                    self.ran = True
                    break
            elif is_stop(entry[0]):
                self._end(entry)
                return Stopped(self.actor_id)
            else:
                error = self._receive(entry, began)
            took = clock() - began
            counters.took.record(took)
            if took > self.limit:
                counters.overruns += 1
                overran = max(overran, took)
            if error is not None:
                counters.failed += 1
                return self._report(error, overran)
            if woken or self.switch.stopping:  # one wake-up each: data may have arrived meanwhile
                break
        return Completed(self.actor_id, overran) if overran else self.completed

    def land(self, landing: Land) -> Stimulus | None:
        """Obey ``Land``: only chains and graphs are told."""
        raise AssertionError(f"{self!r} is no chain or graph: {landing}")

    def end(self) -> None:
        """Obey ``Stop``: the actor is at rest and will not run again."""
        self._end(None)

    # --- one piece of mail ----------------------------------------------------------------------

    def _wake(self, wake: Wake, began: int) -> BaseException | None:  # noqa: ARG002
        return None  # a plain actor has no triggers

    def _receive(self, entry: Entry, began: int) -> BaseException | None:  # noqa: ARG002
        """Handle a message; the exception, if it was told (an asker gets its own back)."""
        message, promise = entry
        try:
            response = self.actor._handle_receive(message)  # noqa: SLF001
        except BaseException as error:  # noqa: BLE001  # never reaches pykka's loop or a worker's
            return self._raised(promise, error)
        if promise is not None:
            return self._reply(promise.set, response)
        return None

    def _raised(self, promise: Any, error: BaseException) -> BaseException | None:
        """An ask's exception goes to the asker, a tell's to supervision, a BaseException to both."""
        if promise is None:
            return error
        logger.info("Exception returned from %s to caller:", self.actor, exc_info=error)
        failed = self._reply(promise.fail, error)
        return failed if isinstance(error, Exception) else error

    def _reply(self, settle: Any, value: Any) -> BaseException | None:
        try:
            settle(value)
        except queue.Full:
            logger.warning("the answer of %r was not wanted: its future is settled", self.actor_id)
        except BaseException as error:  # noqa: BLE001  # of a done callback; see Promise
            return error
        return None

    # --- ends -----------------------------------------------------------------------------------

    def restart(self) -> Stimulus:
        """Obey ``Restart``: a plain actor cannot be built anew, so (as in pykka) it ends."""
        self._end(None)
        return Stopped(self.actor_id)

    def _start_failed(self, error: BaseException) -> Stimulus:
        self.actor._fail(error, starting=True)  # noqa: SLF001
        self._bury(None)
        return Stopped(self.actor_id)

    def _report(self, error: BaseException, overran: Nanos = 0) -> Stimulus:
        if not isinstance(error, Exception):
            return Failed(self.actor_id, error, overran=overran)
        self.actor._fail(error)  # noqa: SLF001
        self._bury(None)
        return Stopped(self.actor_id)

    def _end(self, stop: Any) -> None:
        self.actor._end()  # noqa: SLF001
        self._bury(stop)

    def _bury(self, stop: Any) -> None:
        """Close the mailbox and answer everything that is still in it."""
        left = self.inbox.close()
        if stop is not None:
            answer_dead(stop, self.actor_id)
        for entry in left:
            if type(entry) is Wake:
                continue
            answered = answer_dead(entry, self.actor_id)
            if self.on_dead_letter is not None and not is_stop(entry[0]):
                self.on_dead_letter(self.actor_id, entry[0], "actor stopped", answered)
