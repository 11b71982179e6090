"""The peers' job over plain iceoryx2: topic and event both ways, a WaitSet on both sides.

8 bytes travel as a ctypes structure. More travel as ``Slice[c_uint8]``: one ``memmove`` from the caller's
buffer into the loan, then no copy: the far side reads both ends where they lie.
"""

from __future__ import annotations

import ctypes
import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import iceoryx2 as iox

from benchmarks.handwritten import CAP, PREFIX, Doorbell, Tick, fresh_node, waitset
from benchmarks.harness import Batch
from benchmarks.peers.wire import answer_to, as_echo, echo_process, in_place, round_trips

__all__ = ["available", "open_pair"]

_pairs = itertools.count()


def available() -> str | None:
    return None


def _there(node: Any, size: int) -> Doorbell:
    return Doorbell(node, "there", Tick if size == 8 else iox.Slice[ctypes.c_uint8])


def _arrivals(bell: Doorbell) -> Callable[[], Any]:
    """Wait until a sample arrives; event-driven, drained until empty."""
    subscriber, listener = bell.receiving()
    waits = waitset()
    guard = waits.attach_notification(listener)
    table = {iox.WaitSetAttachmentId.from_guard(guard): (listener, subscriber, guard)}

    def next_sample() -> Any:
        while True:
            for attachment in waits.wait_and_process_with_timeout(CAP)[0]:
                rung, filled, _ = table[attachment]
                while rung.try_wait():
                    pass
                sample = filled.receive()
                if sample is not None:
                    return sample

    return next_sample


def _sender(bell: Doorbell) -> Callable[[int], None]:
    publisher, notifier = bell.sending()

    def send(number: int) -> None:
        publisher.send_copy(Tick(number))
        notifier.notify()

    return send


def _slice_sender(bell: Doorbell, size: int) -> Callable[[bytearray], None]:
    publisher, notifier = bell.sending(max_slice_len=size)

    def send(payload: bytearray) -> None:
        source = (ctypes.c_char * size).from_buffer(payload)
        loan = publisher.loan_slice_uninit(size)
        ctypes.memmove(loan.payload_ptr, source, size)
        loan.assume_init().send()
        notifier.notify()

    return send


def _serve(prefix: str, size: int, ready: Callable[[], None]) -> None:
    with fresh_node(prefix, owner=False) as node:
        arrival = _arrivals(_there(node, size))
        answer = _sender(Doorbell(node, "back", Tick))
        ready()
        while True:
            sample = arrival()
            if size == 8:
                answer(sample.payload().contents.number)
            else:
                # ctypes says the items are "<B", which memoryview can't index
                answer(answer_to(sample.payload().as_memory_view().cast("B")))
            del sample


@contextmanager
def open_pair(size: int) -> Iterator[Batch]:
    prefix = f"{PREFIX}-{next(_pairs)}-"
    with fresh_node(prefix) as node, echo_process(__name__, prefix, str(size)):
        bell = _there(node, size)
        arrival = _arrivals(Doorbell(node, "back", Tick))

        def answered() -> int:
            number: int = arrival().payload().contents.number
            return number

        if size == 8:
            send_number = _sender(bell)

            def exchange_number(number: int) -> int:
                send_number(number)
                return answered()

            yield round_trips(lambda number: number, exchange_number)
        else:
            send_slice = _slice_sender(bell, size)

            def exchange_slice(payload: bytearray) -> int:
                send_slice(payload)
                return answered()

            yield round_trips(in_place(size), exchange_slice)


if __name__ == "__main__":
    as_echo(lambda ready: _serve(sys.argv[2], int(sys.argv[3]), ready))
