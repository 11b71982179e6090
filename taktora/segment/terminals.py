"""Terminals of digital channels, a coupler, and one that gives back what it is given."""

from __future__ import annotations

from typing import Final

from taktora.errors import InvalidArgument
from taktora.segment.channels import Bits
from taktora.segment.coe_device import CoeDevice
from taktora.segment.data_types import DataType
from taktora.segment.device import Identity
from taktora.segment.identities import Kind, identity_of
from taktora.segment.objects import Access, Entry, Object, array, record, var
from taktora.segment.pdo import Mapped, Pdo, Side
from taktora.segment.simple_device import SimpleDevice, bit_pdos

__all__ = ["Coupler", "DigitalIn", "DigitalOut", "Loopback"]


class Coupler(SimpleDevice):
    """At the head of a station: a SubDevice that others are behind of, without process data."""

    def __init__(self, identity: Identity | None = None) -> None:
        super().__init__(identity or identity_of(Kind.COUPLER, name="coupler"))


class DigitalIn(SimpleDevice):
    """Digital inputs, as terminals usually have them: no mailbox, one bit per channel.

    Args:
        channels: how many.
        identity: default: by the number of channels.

    Attributes:
        inputs: what the MainDevice will read; set by Python, ``terminal.inputs[3] = True``.
    """

    def __init__(self, channels: int = 8, identity: Identity | None = None) -> None:
        self.inputs = Bits(channels, settable=True)
        own = identity or identity_of(Kind.DIGITAL_IN, channels, name="digital-in")
        super().__init__(own, inputs=bit_pdos(0x1A00, 0x6000, channels))

    def power_on(self) -> None:
        """What is wired to the inputs stays as it is."""

    def exchange(self, outputs: bytes | None, now: int) -> bytes:  # noqa: ARG002
        """The inputs."""
        return self.inputs.image()


class DigitalOut(SimpleDevice):
    """Digital outputs: no mailbox, one bit per channel; off when the MainDevice's are not valid.

    Args:
        channels: how many.
        identity: default: by the number of channels.

    Attributes:
        outputs: what the terminal puts out now.
    """

    def __init__(self, channels: int = 8, identity: Identity | None = None) -> None:
        self.outputs = Bits(channels, settable=False)
        own = identity or identity_of(Kind.DIGITAL_OUT, channels, name="digital-out")
        super().__init__(own, outputs=bit_pdos(0x1600, 0x7000, channels))

    def power_on(self) -> None:
        """Off."""
        self.outputs.clear()

    def entered(self, state: int, now: int) -> None:  # noqa: ARG002  # as the protocol has it
        """Off, unless in OP."""
        if state != 8:
            self.outputs.clear()

    def exchange(self, outputs: bytes | None, now: int) -> bytes:  # noqa: ARG002
        """Put the outputs out."""
        if outputs is None:
            self.outputs.clear()
        else:
            self.outputs.load(outputs)
        return b""


_MOST_PER_OBJECT: Final = 254
_MOST_PDOS: Final = 254


class Loopback(CoeDevice):
    """Its inputs are its outputs, byte by byte, or 0 while those are not valid. For trying things out.

    It has a mailbox; its PDOs can be mapped and assigned anew; and objects of all sizes can be read
    and written: 0x8000 a record of numbers, 0x8001 text, 0x8002 a memory of 4 KiB.

    Args:
        size: bytes in each direction.
        pdo_bytes: so many of them in one PDO, the rest in further ones.
        identity: default: by ``size``.
        mailbox_bytes: size of each of the two mailboxes.

    Raises:
        InvalidArgument: 1 to 1024 bytes in up to 254 PDOs of 1 to 64 is what there is.
    """

    def __init__(
        self,
        size: int = 4,
        *,
        pdo_bytes: int = 64,
        identity: Identity | None = None,
        mailbox_bytes: int = 128,
    ) -> None:
        if not 1 <= size <= 1024:
            raise InvalidArgument(f"a loop-back terminal has 1 to 1024 bytes, not {size}")
        if not 1 <= pdo_bytes <= 64:
            raise InvalidArgument(f"a PDO of it has 1 to 64 bytes, not {pdo_bytes}")
        if size > _MOST_PDOS * pdo_bytes:
            raise InvalidArgument(
                f"{size} bytes are too many for {_MOST_PDOS} PDOs of {pdo_bytes}: take larger ones"
            )
        parts = [range(begin, min(begin + pdo_bytes, size)) for begin in range(0, size, pdo_bytes)]
        super().__init__(
            identity or identity_of(Kind.LOOPBACK, size, pdo_bytes, name="loopback"),
            [
                *_bytes_of(0x7000, "Outputs", size, Access.RO | Access.RX_PDO),
                *_bytes_of(0x6000, "Inputs", size, Access.RO | Access.TX_PDO),
                *_scratch(),
            ],
            _side(0x1600, "RxPDO", 0x7000, parts),
            _side(0x1A00, "TxPDO", 0x6000, parts),
            mailbox_bytes=mailbox_bytes,
        )
        self.image = b""
        """Outputs as they came last."""
        self._shown: tuple[bytes, int] = b"", 0
        for one in self.objects:
            if 0x6000 <= one.index < 0x8000:
                self.objects.on_read(one.index, self._look)

    def power_on(self) -> None:
        """All objects, and what is looped back, as at the factory."""
        super().power_on()
        self.image = b""

    def exchange(self, outputs: bytes | None, now: int) -> bytes:  # noqa: ARG002
        """Outputs become inputs."""
        size = (self.input_bits + 7) // 8
        self.image = outputs or b""
        return self.image[:size].ljust(size, b"\0")

    def _look(self, _: int) -> None:
        """Objects are brought up to date when somebody reads one: cycles shall be short."""
        if self._shown == (self.image, self.objects.revision):
            return
        self._shown = self.image, self.objects.revision
        whole = int.from_bytes(self.image, "little")
        for layout in self._rx.layout, self._tx.layout:
            at = 0
            for one in layout:
                if one.index:
                    value = whole >> at & (1 << one.bits) - 1
                    self.objects.values[one.index, one.subindex] = value
                at += one.bits


def _bytes_of(index: int, name: str, size: int, access: Access) -> list[Object]:
    """Objects for ``size`` bytes."""
    return [
        array(
            index + 0x10 * number,
            name,
            [
                Entry(f"Byte {at}", DataType.UNSIGNED8, access=access)
                for at in range(begin, min(begin + _MOST_PER_OBJECT, size))
            ],
        )
        for number, begin in enumerate(range(0, size, _MOST_PER_OBJECT))
    ]


def _side(first: int, name: str, objects: int, parts: list[range]) -> Side:
    pdos = []
    for number, part in enumerate(parts):
        entries = []
        for at in part:
            which, sub = divmod(at, _MOST_PER_OBJECT)
            entries.append(Mapped(objects + 0x10 * which, sub + 1, 8))
        pdos.append(Pdo(first + number, f"{name} {number + 1}", tuple(entries), fixed=False))
    return Side(tuple(pdos))


def _scratch() -> list[Object]:
    access = Access.RW | Access.BACKUP | Access.SETTING
    return [
        record(
            0x8000,
            "Settings",
            [
                Entry("Flag", DataType.BOOLEAN, False, access),
                None,
                Entry("Level", DataType.BIT3, 0, access, maximum=5),
                Entry("Reserve", DataType.BIT4, 0, access),
                Entry("Filter", DataType.UNSIGNED8, 10, access, minimum=1, maximum=100),
                Entry("Offset", DataType.INTEGER16, -5, access, minimum=-1000, maximum=1000),
                Entry("Count", DataType.UNSIGNED32, 0, access),
                Entry("Gain", DataType.REAL32, 1.0, access),
                Entry("Total", DataType.INTEGER64, 0, access),
                Entry("Password", DataType.UNSIGNED32, 0, Access.WO),
                Entry("Temperature", DataType.INTEGER16, 250),
                Entry("Address", DataType.UNSIGNED16, 0, Access.RW_PRE_OP),
            ],
        ),
        var(0x8001, "Label", DataType.VISIBLE_STRING, "", access=access, bits=8 * 128),
        var(0x8002, "Memory", DataType.OCTET_STRING, b"", access=access, bits=8 * 4096),
    ]
