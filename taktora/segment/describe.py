"""What a segment file may say of SubDevices: one class for each type, and the device that it makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import evolve, field, frozen

from taktora.config import not_empty, within
from taktora.errors import InvalidArgument
from taktora.segment.analog import AnalogIn, AnalogOut
from taktora.segment.axis import Axis
from taktora.segment.device import Device, Identity
from taktora.segment.terminals import Coupler, DigitalIn, DigitalOut, Loopback
from taktora.segment.waves import Wave

__all__ = ["SUBDEVICES", "OwnTable", "SubDeviceTable"]

_U32: Final = 0xFFFF_FFFF
_LONGEST_NAME: Final = 64


def _name(_: Any, __: Any, name: str | None) -> None:
    if name is None:
        return
    not_empty(_, __, name)
    if len(name) > _LONGEST_NAME or not (name.isascii() and name.isprintable()):
        raise InvalidArgument(f"must be up to {_LONGEST_NAME} printable characters of ASCII")


@frozen(kw_only=True)
class SubDeviceTable:
    """What all ``[[subdevices]]`` have."""

    type: str
    name: str | None = field(default=None, validator=_name)
    """In the segment file and in object 0x1008; ``None``: the type."""
    count: int = field(default=1, validator=within(1, 1000))
    """So many of them, one behind the other; a name is numbered then."""
    alias: int = field(default=0, validator=within(0, 0xFFFF))
    """Configured station alias, rising by 1 with ``count``; 0: none."""
    vendor: int | None = field(default=None, validator=within(0, _U32))
    product: int | None = field(default=None, validator=within(0, _U32))
    revision: int | None = field(default=None, validator=within(0, _U32))
    serial: int | None = field(default=None, validator=within(0, _U32))
    """Rising by 1 with ``count``."""

    def device(self, identity: Identity | None) -> Device:
        """A device with that identity; ``None``: its own."""
        raise NotImplementedError

    def identity(self, its: Identity, number: int, name: str) -> Identity:
        """Of device ``number`` of ``count``, from 0; ``its``: what it has by itself."""
        changes: dict[str, Any] = {"name": name}
        for key in ("vendor", "product", "revision", "serial"):
            if (value := getattr(self, key)) is not None:
                changes[key] = value
        if self.serial is not None:
            changes["serial"] = self.serial + number & _U32
        return evolve(its, **changes)


@frozen(kw_only=True)
class CouplerTable(SubDeviceTable):
    """``coupler``: no process data."""

    def device(self, identity: Identity | None) -> Device:
        """A :class:`Coupler`."""
        return Coupler(identity)


@frozen(kw_only=True)
class DigitalInTable(SubDeviceTable):
    """``digital-in``."""

    channels: int = field(default=8, validator=within(1, 8 * 1486))
    on: tuple[int, ...] = ()
    """Channels that are on from the beginning, from 0."""

    def __attrs_post_init__(self) -> None:
        for channel in self.on:
            if not 0 <= channel < self.channels:
                raise InvalidArgument(
                    f"on has channel {channel}, and there are 0 to {self.channels - 1}"
                )

    def device(self, identity: Identity | None) -> Device:
        """A :class:`DigitalIn`."""
        made = DigitalIn(self.channels, identity)
        for channel in self.on:
            made.inputs[channel] = True
        return made


@frozen(kw_only=True)
class DigitalOutTable(SubDeviceTable):
    """``digital-out``."""

    channels: int = field(default=8, validator=within(1, 8 * 1486))

    def device(self, identity: Identity | None) -> Device:
        """A :class:`DigitalOut`."""
        return DigitalOut(self.channels, identity)


@frozen(kw_only=True)
class MailboxTable(SubDeviceTable):
    """What SubDevices with a mailbox have."""

    mailbox_bytes: int = field(default=128, validator=within(36, 1486))
    """Size of each of the two mailboxes."""


@frozen(kw_only=True)
class AnalogInTable(MailboxTable):
    """``analog-in``."""

    channels: int = field(default=2, validator=within(1, 16))
    waves: tuple[Wave, ...] = ()
    """What the first channels see; the others see 0."""

    def __attrs_post_init__(self) -> None:
        if len(self.waves) > self.channels:
            raise InvalidArgument(
                f"there are {len(self.waves)} waves, and {self.channels} channels to see them"
            )

    def device(self, identity: Identity | None) -> Device:
        """An :class:`AnalogIn`."""
        return AnalogIn(
            self.channels, waves=self.waves, identity=identity, mailbox_bytes=self.mailbox_bytes
        )


@frozen(kw_only=True)
class AnalogOutTable(MailboxTable):
    """``analog-out``."""

    channels: int = field(default=2, validator=within(1, 16))

    def device(self, identity: Identity | None) -> Device:
        """An :class:`AnalogOut`."""
        return AnalogOut(self.channels, identity=identity, mailbox_bytes=self.mailbox_bytes)


@frozen(kw_only=True)
class LoopbackTable(MailboxTable):
    """``loopback``."""

    bytes: int = field(default=4, validator=within(1, 1024))
    pdo_bytes: int = field(default=64, validator=within(1, 64))

    def device(self, identity: Identity | None) -> Device:
        """A :class:`Loopback`."""
        return Loopback(
            self.bytes,
            pdo_bytes=self.pdo_bytes,
            identity=identity,
            mailbox_bytes=self.mailbox_bytes,
        )


@frozen(kw_only=True)
class AxisTable(MailboxTable):
    """``axis``."""

    position: int = field(default=0, validator=within(-(2**31), 2**31 - 1))
    """Where the motor stands at the beginning."""

    def device(self, identity: Identity | None) -> Device:
        """An :class:`Axis`."""
        made = Axis(identity=identity, mailbox_bytes=self.mailbox_bytes)
        made.place(self.position)
        return made


@frozen(kw_only=True)
class OwnTable(MailboxTable):
    """``module:Class``, a subclass of :class:`~taktora.segment.hook.OwnDevice`."""

    options: Mapping[str, Any] = field(factory=dict)
    """Of the class's own ``Options``."""


SUBDEVICES: Final[Mapping[str, type[SubDeviceTable]]] = {
    "coupler": CouplerTable,
    "digital-in": DigitalInTable,
    "digital-out": DigitalOutTable,
    "analog-in": AnalogInTable,
    "analog-out": AnalogOutTable,
    "loopback": LoopbackTable,
    "axis": AxisTable,
}
"""By ``type`` in the file."""
