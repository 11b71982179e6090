"""By hand over plain iceoryx2, what a connector's ports are measured against: values, and 1 MB of bytes.

``open_values`` is ``handwritten.open_loop`` with JSON of five fields in a slice: fields into a dict,
``json.dumps``, loan, ``memmove``, send, notify, wait, drain, receive, ``json.loads``, the class. It has
no number, no time, no checksum, no limit, and it trusts whoever sends.
"""

from __future__ import annotations

import ctypes
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import iceoryx2 as iox
from attrs import frozen

from benchmarks.handwritten import CAP, PREFIX, Doorbell, fresh_node, waitset
from benchmarks.harness import Batch, laps

__all__ = ["Reading", "open_megabyte", "open_values"]

Octets = iox.Slice[ctypes.c_uint8]


@frozen
class Reading:
    """Five fields, of the kinds that there are in JSON."""

    name: str
    number: int
    speed: float
    ok: bool
    unit: str


def _sender(bell: Doorbell, most: int) -> Callable[[bytes], None]:
    publisher, notifier = bell.sending(max_slice_len=most)

    def send(data: bytes) -> None:
        size = len(data)
        loan = publisher.loan_slice_uninit(size)
        ctypes.memmove(loan.payload_ptr, data, size)
        loan.assume_init().send()
        notifier.notify()

    return send


@contextmanager
def open_values() -> Iterator[Batch]:
    """Two handlers that send each other values; a sample is from one execution to the next."""
    with fresh_node(PREFIX) as node:
        bells = (Doorbell(node, "ping", Octets), Doorbell(node, "pong", Octets))
        waits = waitset()
        stamps: list[int] = []
        now = time.perf_counter_ns

        def handler(incoming: Doorbell, outgoing: Doorbell) -> tuple[Any, Callable[[], None]]:
            subscriber, listener = incoming.receiving()
            send = _sender(outgoing, 4096)
            guard = waits.attach_notification(listener)

            def arrived() -> None:
                while listener.try_wait():
                    pass
                sample = subscriber.receive()
                if sample is None:
                    return
                fields = json.loads(bytes(sample.payload().as_memory_view().cast("B")))
                value = Reading(**fields)
                stamps.append(now())
                answer = Reading(value.name, value.number + 1, value.speed, value.ok, value.unit)
                send(
                    json.dumps(
                        {
                            "name": answer.name,
                            "number": answer.number,
                            "speed": answer.speed,
                            "ok": answer.ok,
                            "unit": answer.unit,
                        }
                    ).encode()
                )

            return guard, arrived

        handlers = (handler(*bells), handler(*reversed(bells)))
        table = {iox.WaitSetAttachmentId.from_guard(guard): call for guard, call in handlers}
        first = {"name": "motor", "number": 0, "speed": 12.5, "ok": True, "unit": "rpm"}
        send_first = _sender(bells[0], 4096)  # kept: what it sent would go with it
        send_first(json.dumps(first).encode())

        def batch(n: int) -> list[int]:
            stamps.clear()
            wait = waits.wait_and_process_with_timeout
            while len(stamps) <= n:
                ids, _ = wait(CAP)
                for attachment in ids:
                    table[attachment]()
            return laps(stamps)

        yield batch
        for guard, _ in handlers:
            guard.delete()


@contextmanager
def open_megabyte(size: int, *, copied_out: bool = False) -> Iterator[Batch]:
    """Loan, ``memmove``, send, notify, drain, receive, look at both ends, in one thread.

    ``copied_out``: what came is copied into ``bytes``, too.
    """
    with fresh_node(PREFIX) as node:
        bell = Doorbell(node, "large", Octets)
        subscriber, listener = bell.receiving()
        send = _sender(bell, size)
        payload = bytes(n % 251 for n in range(size))
        now = time.perf_counter_ns

        def batch(n: int) -> list[int]:
            samples: list[int] = []
            for _ in range(n):
                began = now()
                send(payload)
                while listener.try_wait():
                    pass
                sample = subscriber.receive()
                view: Any = sample.payload().as_memory_view().cast("B")
                if copied_out:
                    view = bytes(view)
                ends = view[0], view[-1]
                samples.append(now() - began)
                assert ends == (payload[0], payload[-1])
                del view, sample
            return samples

        yield batch
