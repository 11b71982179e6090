"""A SubDevice with a mailbox and an object dictionary; the base of those that have one."""

from __future__ import annotations

from collections.abc import Iterable

from taktora.segment.device import Identity
from taktora.segment.mailbox import Mailbox
from taktora.segment.object_dictionary import ObjectDictionary
from taktora.segment.objects import Object
from taktora.segment.pdo import PdoConfiguration, Side, SiiPdos, pdo_objects, sii_pdos
from taktora.segment.process_image import ProcessImage
from taktora.segment.standard_objects import standard_objects

__all__ = ["CoeDevice"]

_INIT = 1


class CoeDevice:
    """A :class:`~taktora.segment.device.Device` whose process data are objects. One thread.

    What it does is in :meth:`update`, which subclasses have of their own.

    Args:
        identity: who it says it is.
        objects: its own, beside those that every device has.
        outputs: PDOs from the MainDevice.
        inputs: PDOs to it.
        mailbox_bytes: size of each of the two mailboxes.
        device_type: object 0x1000.
    """

    def __init__(
        self,
        identity: Identity,
        objects: Iterable[Object] = (),
        outputs: Side | None = None,
        inputs: Side | None = None,
        *,
        mailbox_bytes: int = 128,
        device_type: int = 0,
    ) -> None:
        self.identity = identity
        self._outputs, self._inputs = outputs or Side(), inputs or Side()
        self.objects = ObjectDictionary(
            [
                *standard_objects(identity, device_type=device_type),
                *pdo_objects(self._outputs, self._inputs),
                *objects,
            ]
        )
        self.mailbox = Mailbox(self.objects, mailbox_bytes)
        self.state = _INIT
        """AL state, as the controller has told."""
        self._rx = PdoConfiguration(self.objects, 0x1C12, self._outputs)
        self._tx = PdoConfiguration(self.objects, 0x1C13, self._inputs)
        self._unpacked = ProcessImage(self.objects, self._rx.layout)
        self._packed = ProcessImage(self.objects, self._tx.layout)
        self._compiled = self.objects.revision

    def power_on(self) -> None:
        """Everything as at the factory."""
        self.objects.reset()
        self.mailbox.reset()
        self.mailbox.coe.state = self.state = _INIT

    @property
    def output_bits(self) -> int:
        """Process data from the MainDevice, as assigned and mapped now."""
        return self._rx.bits

    @property
    def input_bits(self) -> int:
        """Process data to the MainDevice, as assigned and mapped now."""
        return self._tx.bits

    def pdos(self) -> tuple[SiiPdos, SiiPdos]:
        """For the SII: ``(rx, tx)`` as at the factory."""
        return sii_pdos(self._outputs.default), sii_pdos(self._inputs.default)

    def may_enter(self, state: int) -> int:  # noqa: ARG002  # as the protocol has it
        """Any state that the controller would allow."""
        return 0

    def entered(self, state: int, now: int) -> None:  # noqa: ARG002  # as the protocol has it
        """The AL state has changed."""
        self.mailbox.coe.state = self.state = state
        if state == _INIT:
            self.mailbox.reset()

    def exchange(self, outputs: bytes | None, now: int) -> bytes:
        """One cycle: outputs into objects, :meth:`update`, objects into inputs."""
        if self._compiled != self.objects.revision:
            self._compiled = self.objects.revision
            self._unpacked = ProcessImage(self.objects, self._rx.layout)
            self._packed = ProcessImage(self.objects, self._tx.layout)
        if outputs is not None:
            self._unpacked.unpack(outputs)
        self.update(outputs is not None, now)
        return self._packed.pack()

    def update(self, valid: bool, now: int) -> None:
        """What the device does once per cycle, from its objects to its objects; by default nothing.

        Args:
            valid: the objects of its outputs are to be followed; else do what is safe.
            now: ns.
        """

    def emergency(self, code: int, register: int = 0, data: bytes = b"") -> None:
        """Say that something is wrong, as far as there is a mailbox to say it in (not in INIT)."""
        self.objects.put(0x1001, 0, register)
        if self.state != _INIT:
            self.mailbox.emergency(code, register, data)
