"""Objects at run time: a queue, and a thread of its own, so that a slow mailbox delays no cycle."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from attrs import frozen

from taktora.connectors.ethercat.sdo_messages import CODEC, LARGEST, SdoReply, SdoRequest
from taktora.errors import BusError

if TYPE_CHECKING:
    from taktora.connectors.ethercat.bus import BusDriver
    from taktora.connectors.inbound import Session
    from taktora.time import Nanos

__all__ = ["SdoAnswers", "SdoQueue"]

logger = logging.getLogger("taktora.connectors")

_CAPACITY: Final = 16


class SdoAnswers:
    """Does what requests ask for. One thread at a time.

    Args:
        driver: which objects are accessed by; its two SDO calls are the only ones that are made.
        position_of: position of a SubDevice that is called by name; ``None``: there is none.
    """

    def __init__(self, driver: BusDriver, position_of: Callable[[int | str], int | None]) -> None:
        self.done = 0
        """Objects that were read or written, or could not be. Read by anybody."""
        self._driver = driver
        self._position_of = position_of

    def answer(self, payload: bytes, now: Nanos) -> bytes:
        """The answer to a request, both encoded. Raises nothing, whatever is asked."""
        try:
            reply = self._answer(CODEC.decode(memoryview(payload), SdoRequest), now)
        except Exception as error:  # noqa: BLE001  # it is the asker's
            reply = SdoReply.of(error)
        encoded = CODEC.dumps(reply)
        if len(encoded) <= LARGEST:
            return encoded
        size = len(reply.data or b"")
        return CODEC.dumps(SdoReply(error=f"the object has {size} bytes, too many to be passed on"))

    def _answer(self, request: SdoRequest, now: Nanos) -> SdoReply:
        position = self._position_of(request.subdevice)
        if position is None:
            raise BusError(f"no SubDevice is called {request.subdevice!r} in the options")
        if now >= request.expires_ns:
            raise BusError(
                f"object 0x{request.index:04X}:{request.subindex:02X} of SubDevice {position} was "
                f"not accessed: its time was up before its turn came"
            )
        self.done += 1
        where = position, request.index, request.subindex
        if request.data is None:
            return SdoReply(self._driver.read_sdo(*where, complete=request.complete))
        self._driver.write_sdo(*where, request.data, complete=request.complete)
        return SdoReply()


@frozen
class _Job:
    payload: bytes
    correlation_id: bytes | None


class SdoQueue:
    """Requests of one session, one after the other, in their order.

    Args:
        answers: does them.
        session: is told the answers, on ``channel``.
        channel: where answers go.
        threaded: on a thread of its own; ``False``: at each :meth:`turn`, one (for simulations, where
            nothing may happen by itself).
    """

    def __init__(
        self, answers: SdoAnswers, session: Session, channel: str, *, threaded: bool
    ) -> None:
        self._answers = answers
        self._session = session
        self._channel = channel
        self._changed = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._refused = False
        self._ended = False
        self._busy = False
        self._then: Callable[[], object] | None = None
        self._threaded = threaded
        if threaded:
            threading.Thread(target=self._serve, name="taktora-sdo", daemon=True).start()

    def submit(self, payload: bytes, correlation_id: bytes | None) -> bool:
        """Have a request done; ``False``: there is no room, the session says when there is."""
        with self._changed:
            if len(self._jobs) >= _CAPACITY:
                self._refused = True
                return False
            self._jobs.append(_Job(payload, correlation_id))
            self._changed.notify()
        return True

    def turn(self) -> None:
        """Do one request here, if that is not the business of a thread."""
        if not self._threaded and self._jobs:
            self._do(self._jobs.popleft())

    def end(self, then: Callable[[], object]) -> None:
        """Do no more, and call ``then()`` once nothing is being done: here, or on the other thread.

        Whoever waits for an answer hears from their own side that the session is over.
        """
        with self._changed:
            self._ended = True
            self._jobs.clear()
            self._changed.notify()
            if self._busy:
                self._then = then
                return
        then()

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.wait_for(lambda: self._ended or self._jobs)
                if self._ended:
                    then = self._then
                    break
                job = self._jobs.popleft()
                self._busy = True
            self._do(job)
        if then is not None:
            try:
                then()
            except Exception:
                logger.exception("letting go of a bus failed after its last SDO")

    def _do(self, job: _Job) -> None:
        with self._changed:
            refused, self._refused = self._refused, False
        if refused:
            self._session.room()
        answer = self._answers.answer(job.payload, self._session.clock())
        self._session.received(self._channel, answer, correlation_id=job.correlation_id)
