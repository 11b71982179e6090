"""Distributed clocks of SubDevices that were switched off and on: set again as they were.

ETG.1000.4, 6.5: a SubDevice's system time is its own count plus an offset (register 0x0920), and is
steered by each cycle's frame, which is a delay (0x0928) late. A power cycle takes both, and begins
the count anew.
"""

from __future__ import annotations

from typing import Final

from taktora.connectors.ethercat.soem_master import SoemMaster

__all__ = ["SoemClocks"]

_FEATURES: Final = 0x0008
_HAS_CLOCK: Final = 0x04
_SYSTEM_TIME: Final = 0x0910
_OFFSET: Final = 0x0920
_DELAY: Final = 0x0928
_SPEED_START: Final = 0x0930
_USUAL_SPEED: Final = b"\x00\x10"  # writing it also makes the filter of the steering begin anew
_MOST: Final = 1 << 64


class SoemClocks:
    """The clocks of a bus, as SOEM has set them up. One thread.

    Raises:
        BusError: a SubDevice did not answer.
    """

    def __init__(self, master: SoemMaster) -> None:
        self._master = master
        self._delays = {
            position: master.read_register(position, _DELAY, 4)
            for position in range(1, len(master.slaves) + 1)
            if master.read_register(position, _FEATURES, 2)[0] & _HAS_CLOCK
        }

    def restore(self, position: int) -> None:
        """Set the clock of the SubDevice again, by the time of another one.

        It is some microseconds wrong then, which the steering mends.

        Raises:
            BusError: one of the two did not answer.
        """
        if position not in self._delays:
            return
        write = self._master.write_register
        write(position, _DELAY, self._delays[position])
        other = next((one for one in self._delays if one != position), None)
        if other is not None:
            write(position, _OFFSET, bytes(8))
            before = self._time_of(other)
            its = self._time_of(position)
            after = self._time_of(other)
            offset = (before + after) // 2 - its  # at the moment of the frame in between
            write(position, _OFFSET, (offset % _MOST).to_bytes(8, "little"))
        write(position, _SPEED_START, _USUAL_SPEED)

    def _time_of(self, position: int) -> int:
        return int.from_bytes(self._master.read_register(position, _SYSTEM_TIME, 8), "little")
