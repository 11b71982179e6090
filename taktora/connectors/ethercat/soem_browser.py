"""SOEM's calls for looking around: what SubDevices say of themselves and of their objects.

As :class:`~.soem_master.SoemMaster`: arguments as we have them, errors in words, and no more.
"""

from __future__ import annotations

from typing import Any, Final

from taktora.connectors.ethercat.object_descriptions import EntryDescription, ObjectDescription
from taktora.connectors.ethercat.soem_master import SoemMaster
from taktora.errors import BusError

__all__ = ["SoemBrowser"]

_VAR: Final = 7


class SoemBrowser(SoemMaster):
    """One open interface. One thread. Arguments: as :class:`~.soem_master.SoemMaster`."""

    def __init__(self, pysoem: Any, nic: str, **options: Any) -> None:
        super().__init__(pysoem, nic, **options)
        self._no_description: type[Exception] = pysoem.SdoInfoError
        self._no_eeprom: type[Exception] = pysoem.EepromError

    def identity(self, position: int) -> tuple[str, int, int, int]:
        """Name, vendor, product and revision, by its SII."""
        its = self._slave(position)
        return its.name, its.man, its.id, its.rev

    def indices(self, position: int) -> tuple[int, ...]:
        """The objects that the SubDevice has, as it lists them. It has a mailbox.

        Raises:
            BusError: it does not tell.
        """
        return tuple(sorted(self._listed(position)))

    def describe(self, position: int, index: int) -> ObjectDescription:
        """One of them, with its entries: a question and an answer for each.

        Raises:
            BusError: there is none, or it does not tell.
        """
        found = self._listed(position).get(index)
        if found is None:
            raise BusError(f"SubDevice {position} does not list an object 0x{index:04X}")
        with self._errors(f"describing object 0x{index:04X}", position):
            try:
                name, code = _text(found.name), found.object_code
                entries = [_var(found)] if code == _VAR else _entries(found)
            except self._no_description as error:
                return ObjectDescription(index, "", 0, (), f"it does not describe it: {error}")
            finally:
                self._forget_errors()
        problem = ""
        if all(one.is_gap for one in entries):
            entries, problem = [], "it describes none of its entries"
        return ObjectDescription(index, name, code, tuple(entries), problem)

    def read_sii(self, position: int, word: int) -> bytes:
        """Four bytes of its EEPROM from this word on, or none when it does not tell."""
        with self._errors("reading its EEPROM", position):
            try:
                found: bytes = self._slave(position).eeprom_read(word)
            except self._no_eeprom:
                return b""
        return found

    def _listed(self, position: int) -> dict[int, Any]:
        with self._errors("listing its objects", position):
            its = self._slave(position)
            try:
                return {one.index: one for one in its.od}
            except self._no_description as error:
                raise BusError(
                    f"SubDevice {position} does not tell which objects it has; it may do without "
                    f"the SDO information service"
                ) from error
            finally:
                self._forget_errors()

    def _forget_errors(self) -> None:
        """SOEM keeps the error of each entry that could not be described, such as a gap; the next
        object that is read, whichever, would fail with it.
        """
        self._master._collect_mailbox_errors()  # noqa: SLF001


def _var(its: Any) -> EntryDescription:
    return EntryDescription(0, _text(its.name), its.data_type, its.bit_length, its.obj_access)


def _entries(its: Any) -> list[EntryDescription]:
    return [
        EntryDescription(at, _text(one.name), one.data_type, one.bit_length, one.obj_access)
        for at, one in enumerate(its.entries)
    ]


def _text(name: bytes) -> str:
    return name.rstrip(b"\0").decode("latin-1").strip()
