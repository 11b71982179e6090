"""Where mailboxes and process data of a device lie in memory, and which settings its states need."""

from __future__ import annotations

from typing import Final

from taktora.segment import al
from taktora.segment.device import Device
from taktora.segment.registers import MEMORY, SIZE
from taktora.segment.sii import SiiSyncManager
from taktora.segment.sync_managers import SyncManager

__all__ = ["bytes_of", "mailbox_refused", "process_data_refused", "process_numbers", "recommended"]

_MAILBOX: Final = 0x1000
_SMALLEST_MAILBOX: Final = 32


def bytes_of(bits: int) -> int:
    """Whole bytes that hold so many bits."""
    return (bits + 7) // 8


def process_numbers(device: Device) -> tuple[int, int]:
    """Numbers of the SyncManagers for outputs and inputs: 2 and 3, without a mailbox 0 and 1."""
    return (0, 1) if device.mailbox is None else (2, 3)


def recommended(device: Device, mailbox_size: int) -> tuple[SiiSyncManager, ...]:
    """SyncManagers as the SII recommends them, for the present PDO assignment.

    Buffered data takes three times its length; some room is left for larger assignments.
    """
    outputs, inputs = bytes_of(device.output_bits), bytes_of(device.input_bits)
    managers = []
    at = _MAILBOX
    if device.mailbox is not None:
        managers.append(SiiSyncManager(at, mailbox_size, 0x26, 1, 1))
        managers.append(SiiSyncManager(at + mailbox_size, mailbox_size, 0x22, 1, 2))
        at += -(-2 * mailbox_size // 0x100) * 0x100
    managers.append(SiiSyncManager(at, outputs, 0x64, outputs > 0, 3))
    at += max(0x300, -(-3 * outputs // 0x100) * 0x100)
    managers.append(SiiSyncManager(at, inputs, 0x20, inputs > 0, 4))
    return tuple(managers)


def mailbox_refused(managers: list[SyncManager], mailbox_size: int) -> int:
    """What keeps a device with a mailbox from PRE-OP: 0, or 0x0016."""
    out, back = managers[0], managers[1]
    fits = (
        out.active
        and back.active
        and out.is_mailbox
        and back.is_mailbox
        and out.writes
        and not back.writes
        and _SMALLEST_MAILBOX <= out.length <= mailbox_size
        and _SMALLEST_MAILBOX <= back.length <= mailbox_size
        and _in_memory(out)
        and _in_memory(back)
        and not _overlap(out, back)
    )
    return 0 if fits else al.INVALID_MAILBOX


def process_data_refused(managers: list[SyncManager], device: Device) -> int:
    """What keeps a device from SAFE-OP: 0, 0x001D for outputs, 0x001E for inputs, else 0x0017."""
    out, back = process_numbers(device)
    if not _carries(managers[out], bytes_of(device.output_bits), writes=True):
        return al.INVALID_OUTPUTS
    if not _carries(managers[back], bytes_of(device.input_bits), writes=False):
        return al.INVALID_INPUTS
    active = [one for one in managers if one.active]
    if any(one.number > back or not _in_memory(one) for one in active):
        return al.INVALID_SYNC_MANAGER
    if any(_overlap(one, other) for one in active for other in active if one.number < other.number):
        return al.INVALID_SYNC_MANAGER
    return 0


def _carries(manager: SyncManager, length: int, *, writes: bool) -> bool:
    if length == 0:
        return not manager.active
    return (
        manager.active
        and not manager.is_mailbox
        and manager.writes is writes
        and manager.length == length
    )


def _in_memory(manager: SyncManager) -> bool:
    return manager.start >= MEMORY and manager.end <= SIZE


def _overlap(one: SyncManager, other: SyncManager) -> bool:
    return one.start < other.end and other.start < one.end
