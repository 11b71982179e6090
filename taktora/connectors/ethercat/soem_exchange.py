"""One exchange of process data by SOEM's two calls, that ends when the frame time-out does."""

from __future__ import annotations

import time
from collections.abc import Callable

from taktora.connectors.ethercat.bus import LOST
from taktora.connectors.ethercat.frame_socket import FrameSocket

__all__ = ["exchanger"]


def exchanger(
    send: Callable[[], object],
    receive: Callable[[int], int],
    *,
    timeout: int,
    frames: FrameSocket | None,
    clock: Callable[[], int] = time.monotonic_ns,
) -> Callable[[], int]:
    """What sends the process image, takes it in, and returns the working counter, or ``LOST``.

    Args:
        send: of SOEM.
        receive: of SOEM, with a time-out in microseconds, which it may exceed by some milliseconds when
            nothing comes. It also forgets the frame that it has waited for, so that each ``send`` needs one.
        timeout: in microseconds.
        frames: where to wait instead; ``None``: in ``receive``.
        clock: monotonic nanoseconds.
    """
    if frames is None:

        def waiting() -> int:
            send()
            counted = receive(timeout)
            return counted if counted >= 0 else LOST

        return waiting

    was_lost = False
    wait, simple, milliseconds = frames.wait, frames.simple, frames.milliseconds

    def careful(ready: list[tuple[int, int]], began: int) -> int:
        if not frames.arrived(ready):
            with frames.not_blocking():
                return receive(1)
        if not was_lost:
            return receive(timeout)
        # what has come may be the frame of a cycle before, and SOEM goes on to wait for ours
        left = timeout - (clock() - began) // 1000
        with frames.not_blocking():
            return receive(max(left, 1))

    def exchange() -> int:
        nonlocal was_lost
        send()
        began = clock()
        ready = wait(milliseconds)
        counted = receive(timeout) if ready == simple and not was_lost else careful(ready, began)
        was_lost = counted < 0
        return LOST if was_lost else counted

    return exchange
