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

        def simple() -> int:
            send()
            counted = receive(timeout)
            return counted if counted >= 0 else LOST

        return simple

    was_lost = False

    def exchange() -> int:
        nonlocal was_lost
        send()
        if was_lost:  # the late frame may come now, and SOEM would go on to wait for ours
            began = clock()
            left = timeout - (clock() - began) // 1000 if frames.arrived() else 1
            with frames.not_blocking():
                counted = receive(max(left, 1))
        elif frames.arrived():
            counted = receive(timeout)
        else:
            with frames.not_blocking():
                counted = receive(1)
        was_lost = counted < 0
        return LOST if was_lost else counted

    return exchange
