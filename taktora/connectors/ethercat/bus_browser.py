"""Looking around on a bus that nobody drives: who is there, in which state, with which objects.

The bus is taken through INIT to PRE-OP, where objects can be read and written, and left there. No
process data are exchanged, except by :meth:`BusBrowser.operate`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Final

from attrs import frozen

from taktora.closing import Closing
from taktora.connectors.ethercat.bus import AlState, SubDeviceInfo, SubDeviceState
from taktora.connectors.ethercat.nic import Nic
from taktora.connectors.ethercat.object_descriptions import ObjectDescription
from taktora.connectors.ethercat.register_image import SM_LENGTH, SM_REGISTERS, has_mailbox
from taktora.connectors.ethercat.soem import open_browser
from taktora.connectors.ethercat.spans import FMMU_LENGTH, FMMU_REGISTERS, spans_of
from taktora.connectors.ethercat.state_waiting import until_in
from taktora.connectors.ethercat.subdevice_states import (
    AL_CONTROL,
    as_control,
    in_words,
    subdevice_state,
)
from taktora.errors import BusError
from taktora.time import to_nanos

__all__ = ["BusBrowser", "Scanned", "mailbox_protocols"]

_FRAME_TIMEOUT: Final = 0.002
_SDO_TIMEOUT: Final = 0.7
_CYCLE: Final = 0.002
_INFORMATION: Final = 0x0000  # number of FMMUs at 4, addresses at 0x10 and 0x12
_PROTOCOLS_WORD: Final = 0x1C  # of the SII (ETG.1000.6, SII: mailbox protocol)
_PROTOCOLS: Final = ("AoE", "EoE", "CoE", "FoE", "SoE", "VoE")


@frozen
class Scanned:
    """One SubDevice as it was found."""

    info: SubDeviceInfo
    state: SubDeviceState
    protocols: tuple[str, ...]
    """Of its mailbox: ``CoE``, ``FoE`` and so on."""


class BusBrowser(Closing):
    """One interface, of which nobody else is the MainDevice until :meth:`close`. One thread.

    Args:
        nic: name of the interface.

    Raises:
        NicInUse: somebody drives it.
        BusError: it cannot be used; how to mend it.
        MissingExtra: pysoem is not installed.
    """

    def __init__(self, nic: str) -> None:
        self._nic = Nic(nic)
        try:
            self._master = open_browser(
                self._nic.name,
                frame_timeout=to_nanos(_FRAME_TIMEOUT),
                sdo_timeout=to_nanos(_SDO_TIMEOUT),
            )
        except BaseException:
            self._nic.close()
            raise

    def close(self) -> None:
        """Let go of the interface; states stay as they are. Idempotent."""
        try:
            self._master.close()
        finally:
            self._nic.close()

    # --- who is there -------------------------------------------------------------------------------

    def find(self) -> tuple[SubDeviceState, ...]:
        """Take all that answer through INIT to PRE-OP; those that do not get there say why.

        Raises:
            BusError: no frame can be sent, or there are more than SOEM takes.
        """
        self._master.find()
        return until_in(AlState.PRE_OP, range(1, len(self._master.slaves) + 1), self.states)

    def map(self) -> str:
        """Map process data, which says how many there are; why that failed, in words, or ``""``."""
        try:
            self._master.map()
        except BusError as error:
            return str(error)
        return ""

    def scan(self) -> tuple[Scanned, ...]:
        """Everything about each, after :meth:`find`; process data as far as they are mapped."""
        return tuple(
            Scanned(self._info(one.position), one, self._protocols(one.position))
            for one in self.states()
        )

    # --- states -------------------------------------------------------------------------------------

    def states(self) -> tuple[SubDeviceState, ...]:
        """Of all, by position."""
        return tuple(
            subdevice_state(position, status, code)
            for position, (status, code) in enumerate(self._master.read_states(), 1)
        )

    def request(self, state: AlState, positions: Collection[int]) -> tuple[SubDeviceState, ...]:
        """Ask some for a state, and wait until they are in it or refuse; the states of all then."""
        for one in self.states():
            if one.position in positions:
                self._ask(one.position, state, acknowledge=one.error)
        return until_in(state, positions, self.states)

    def operate(self, positions: Collection[int], go_on: Callable[[], bool]) -> None:
        """Exchange process data, outputs all zero, and ask these for OP, again and again if they
        refuse, as long as ``go_on()``, which is called in each cycle of 2 ms; then back to SAFE-OP.

        Raises:
            BusError: frames cannot be sent.
        """
        exchange = self._master.exchanger()
        exchange()
        for position in positions:
            self._ask(position, AlState.OP)
        while go_on():
            exchange()
            time.sleep(_CYCLE)
        for position in positions:
            self._ask(position, AlState.SAFE_OP)

    def ask_again(self, state: SubDeviceState) -> None:
        """One that has refused OP: acknowledge its error, and ask once more."""
        self._ask(state.position, state.state, acknowledge=True)
        self._ask(state.position, AlState.OP)

    # --- objects ------------------------------------------------------------------------------------

    def check_objects(self, position: int) -> None:
        """Whether objects of this one can be accessed now.

        Raises:
            BusError: there is none, it has no mailbox, or is not in PRE-OP.
        """
        states = self.states()
        if not 1 <= position <= len(states):
            raise BusError(f"there is no SubDevice {position}; there are {len(states)}")
        state = states[position - 1]
        if not self._has_mailbox(position):
            raise BusError(f"SubDevice {position} has no mailbox, and so no objects")
        if state.state in (AlState.NONE, AlState.INIT):
            raise BusError(
                f"SubDevice {position} {in_words(state)}; objects are there from PRE-OP on"
            )

    def indices(self, position: int) -> tuple[int, ...]:
        """The objects that it has; see :meth:`SoemBrowser.indices`."""
        return self._master.indices(position)

    def describe(self, position: int, index: int) -> ObjectDescription:
        """One of them; see :meth:`SoemBrowser.describe`."""
        return self._master.describe(position, index)

    def read_sdo(
        self, position: int, index: int, subindex: int, *, complete: bool = False
    ) -> bytes:
        """Upload one object; as a ``BusDriver`` does."""
        return self._master.objects.read(position, index, subindex, complete=complete)

    def write_sdo(
        self, position: int, index: int, subindex: int, data: bytes, *, complete: bool = False
    ) -> None:
        """Download one object; as a ``BusDriver`` does."""
        self._master.objects.write(position, index, subindex, data, complete=complete)

    # --- helpers ------------------------------------------------------------------------------------

    def _ask(self, position: int, state: AlState, *, acknowledge: bool = False) -> None:
        self._master.write_register(
            position, AL_CONTROL, as_control(state, acknowledge=acknowledge)
        )

    def _info(self, position: int) -> SubDeviceInfo:
        read = self._master.read_register
        name, vendor, product, revision = self._master.identity(position)
        about = read(position, _INFORMATION, 0x14)
        fmmus = read(position, FMMU_REGISTERS, about[4] * FMMU_LENGTH) if about[4] else b""
        outputs, inputs = spans_of(fmmus, position)
        return SubDeviceInfo(
            position=position,
            name=name,
            vendor=vendor,
            product=product,
            revision=revision,
            output_bits=outputs.bits,
            input_bits=inputs.bits,
            has_mailbox=self._has_mailbox(position),
            station_address=int.from_bytes(about[0x10:0x12], "little"),
            alias=int.from_bytes(about[0x12:0x14], "little"),
        )

    def _has_mailbox(self, position: int) -> bool:
        return has_mailbox(self._master.read_register(position, SM_REGISTERS, SM_LENGTH))

    def _protocols(self, position: int) -> tuple[str, ...]:
        return mailbox_protocols(self._master.read_sii(position, _PROTOCOLS_WORD))


def mailbox_protocols(sii: bytes) -> tuple[str, ...]:
    """What its SII says that a mailbox speaks: one bit for each protocol."""
    bits = int.from_bytes(sii[:2], "little")
    return tuple(name for at, name in enumerate(_PROTOCOLS) if bits >> at & 1)
