"""Whether the SubDevices on the wire are those of the configuration. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from taktora.connectors.ethercat.options import EthercatOptions
from taktora.connectors.ethercat.pdo_assignment import (
    RX_ASSIGNMENT,
    TX_ASSIGNMENT,
    SdoWrite,
    pdo_assignment,
)
from taktora.connectors.ethercat.subdevice_map import SubDeviceMap
from taktora.errors import BusError, SdoAbort

__all__ = ["Found", "check_found", "not_mapped", "not_written", "object_writes"]

_KEYS: Final = {RX_ASSIGNMENT: "rx_pdos", TX_ASSIGNMENT: "tx_pdos"}
_LISTS: Final = {"outputs": RX_ASSIGNMENT, "inputs": TX_ASSIGNMENT}


@frozen
class Found:
    """A SubDevice by its SII."""

    name: str
    vendor: int
    product: int
    revision: int

    def __str__(self) -> str:
        return f"{self.name or 'no name'} (vendor 0x{self.vendor:X}, product 0x{self.product:X})"


def check_found(options: EthercatOptions, found: Sequence[Found]) -> None:
    """What is configured for a position must be there.

    Raises:
        BusError: a position that is not there, another vendor or product: all that is wrong, and
            what was found.
    """
    wrong = [problem for its in options.subdevices if (problem := _problem(its, found)) is not None]
    if wrong:
        there = ", ".join(f"{position} {one}" for position, one in enumerate(found, 1))
        raise BusError(f"{'; '.join(wrong)}. On {options.network_interface} there are: {there}")


def _problem(its: SubDeviceMap, found: Sequence[Found]) -> str | None:
    if its.subdevice > len(found):
        return f"{its.label} is configured, and there are {len(found)}"
    one = found[its.subdevice - 1]
    wanted = (("vendor", its.vendor, one.vendor), ("product", its.product, one.product))
    differing = [
        f"{what} 0x{is_:X} where 0x{should:X} is configured"
        for what, should, is_ in wanted
        if should is not None and should != is_
    ]
    return f"{its.label} has {' and '.join(differing)}" if differing else None


def object_writes(its: SubDeviceMap | None) -> tuple[SdoWrite, ...]:
    """What is written to it in PRE-OP: its start-up objects, then the assignment of its PDOs."""
    if its is None:
        return ()
    startup = (
        SdoWrite(one.index, one.subindex, one.payload, one.complete) for one in its.startup_sdos
    )
    return (
        *startup,
        *pdo_assignment((one.index for one in its.rx_pdos), (one.index for one in its.tx_pdos)),
    )


def not_written(its: SubDeviceMap, write: SdoWrite, error: BusError) -> BusError:
    """``error``, and what of the configuration it was that could not be written."""
    key = _KEYS.get(write.index)
    startup = {(one.index, one.subindex) for one in its.startup_sdos}
    if key is None or (write.index, write.subindex) in startup:
        what = "so say the startup_sdos"
    elif write.subindex:
        pdo = int.from_bytes(write.data, "little")
        what = f"no PDO 0x{pdo:04X} of its {key} there (which it has: taktora ethercat od)"
    else:
        what = f"so say the {key}"
    if isinstance(error, SdoAbort):
        return SdoAbort(
            error.position, error.index, error.subindex, error.code, f"{error.text}; {what}"
        )
    return BusError(f"{error}; {what} of {its.label}")


def not_mapped(label: str, what: str, has: int, mapped: int, *, has_mailbox: bool) -> str:
    """Why ``mapped`` bytes of its ``what`` are mapped, and not all that its SyncManager has."""
    why = "frames were lost meanwhile, or another MainDevice is at it"
    if not mapped and has_mailbox:
        index = _LISTS[what]
        why = (
            f"its list of PDOs (0x{index:04X}) may be empty, as it is after a PDO was refused: say "
            f"{_KEYS[index]}, or switch it off and on. Or {why}"
        )
    return f"{label} has {has} bytes of {what}, and {mapped} of them are mapped: {why}"
