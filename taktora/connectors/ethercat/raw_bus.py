"""States of SubDevices as they are, read from their registers: nothing is set up, nothing changes."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from taktora.closing import Closing
from taktora.connectors.ethercat.bus import AlState, SubDeviceState
from taktora.connectors.ethercat.nic import Nic
from taktora.connectors.ethercat.register_frames import (
    answers_of,
    count_frame,
    count_of,
    read_frames,
    write_frames,
)
from taktora.connectors.ethercat.state_waiting import until_in
from taktora.connectors.ethercat.subdevice_states import (
    AL_CONTROL,
    AL_STATUS_REGISTER,
    as_control,
    subdevice_state,
)
from taktora.errors import BusError
from taktora.segment.frames import ETHERTYPE

__all__ = ["RawBus"]

_SOL_PACKET: Final = 263
_IGNORE_OUTGOING: Final = 23  # from <linux/if_packet.h>: what we send ourselves is no answer
_TRIES: Final = 3
_PATIENCE: Final = 0.02
_STATUS_SIZE: Final = 6  # AL Status, two bytes of nothing, AL Status Code
_LARGEST: Final = 2048


class RawBus(Closing):
    """One interface, of which nobody else is the MainDevice until :meth:`close`. One thread.

    Args:
        nic: name of the interface.

    Raises:
        NicInUse: somebody drives it.
        BusError: it cannot be used; how to mend it.
    """

    def __init__(self, nic: str) -> None:
        self._nic = Nic(nic)
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        try:
            self._socket.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
            self._socket.bind((self._nic.name, ETHERTYPE))
        except OSError as error:
            self.close()
            raise BusError(f"{nic} cannot be opened: {error.strerror}") from error

    def close(self) -> None:
        """Let go of the interface. Idempotent."""
        self._socket.close()
        self._nic.close()

    def states(self) -> tuple[SubDeviceState, ...]:
        """Of all that answer, by position.

        Raises:
            BusError: the interface is gone or down.
        """
        everybody = range(1, self._count() + 1)
        frames = read_frames(everybody, AL_STATUS_REGISTER, _STATUS_SIZE)
        return tuple(
            _state(position, data)
            for position, data in zip(everybody, self._asked(frames), strict=True)
        )

    def request(self, state: AlState, positions: Sequence[int]) -> tuple[SubDeviceState, ...]:
        """Ask some for a state, their errors acknowledged, and wait until they are in it or refuse.

        The states of all then.

        Raises:
            BusError: the interface is gone or down.
        """
        control = as_control(state, acknowledge=True)
        for _ in self._asked(write_frames(positions, AL_CONTROL, control)):
            pass
        return until_in(state, positions, self.states)

    def _count(self) -> int:
        frame = count_frame()
        for answer in self._exchanged(frame):
            if (count := count_of(answer)) is not None:
                return count
        return 0

    def _asked(self, frames: Iterable[bytes]) -> Iterator[bytes | None]:
        for frame in frames:
            found: list[bytes | None] | None = None
            for answer in self._exchanged(frame):
                if (found := answers_of(frame, answer)) is not None:
                    break
            yield from (
                found if found is not None else [None] * (len(answers_of(frame, frame) or ()))
            )

    def _exchanged(self, frame: bytes) -> Iterator[bytes]:
        """Send it, and hand out what comes, until nobody wants more; again if nothing came."""
        for _ in range(_TRIES):
            try:
                self._socket.send(frame)
                deadline = time.monotonic() + _PATIENCE
                while (left := deadline - time.monotonic()) > 0:
                    self._socket.settimeout(left)
                    yield self._socket.recv(_LARGEST)
            except TimeoutError:
                continue
            except OSError as error:
                self._nic.check()
                raise BusError(f"{self._nic.name}: {error.strerror}") from error


def _state(position: int, data: bytes | None) -> SubDeviceState:
    if data is None:
        return subdevice_state(position, 0, 0)
    status, code = (int.from_bytes(data[at : at + 2], "little") for at in (0, 4))
    return subdevice_state(position, status, code)
