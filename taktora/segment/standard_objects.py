"""The objects that every CoE device has: who it is, and what its SyncManagers are for (ETG.1000.6)."""

from __future__ import annotations

from collections.abc import Iterator

from taktora.segment.data_types import DataType
from taktora.segment.device import Identity
from taktora.segment.objects import IDENTITY, Access, Entry, Object, array, record, var

__all__ = ["standard_objects"]


def standard_objects(
    identity: Identity, *, device_type: int = 0, hardware: str = "1.0", software: str = "1.0"
) -> Iterator[Object]:
    """Objects 0x1000 to 0x1018, 0x10F1 and 0x1C00; those of PDOs are :func:`pdo_objects`.

    Args:
        identity: in 0x1008 and 0x1018.
        device_type: 0x1000: device profile number, and the profile's own information above; 0: none.
        hardware: version, 0x1009.
        software: version, 0x100A.
    """
    u32 = DataType.UNSIGNED32
    yield var(0x1000, "Device type", u32, device_type)
    yield var(0x1001, "Error register", DataType.UNSIGNED8, access=Access.RO | Access.TX_PDO)
    yield var(0x1008, "Device name", DataType.VISIBLE_STRING, identity.name)
    yield var(0x1009, "Hardware version", DataType.VISIBLE_STRING, hardware)
    yield var(0x100A, "Software version", DataType.VISIBLE_STRING, software)
    yield record(
        0x1018,
        "Identity",
        [
            Entry("Vendor ID", u32, identity.vendor),
            Entry("Product code", u32, identity.product),
            Entry("Revision", u32, identity.revision),
            Entry("Serial number", u32, identity.serial),
        ],
        type=IDENTITY,
    )
    yield record(
        0x10F1,
        "Error settings",
        [
            Entry("Local error reaction", u32, 1, Access.RW),
            Entry("Sync error counter limit", DataType.UNSIGNED16, 4, Access.RW),
        ],
    )
    uses = "Mailbox out", "Mailbox in", "Process data out", "Process data in"
    yield array(
        0x1C00,
        "Sync manager type",
        [Entry(f"SM{n} {use}", DataType.UNSIGNED8, n + 1) for n, use in enumerate(uses)],
    )
