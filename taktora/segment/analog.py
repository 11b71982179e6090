"""Terminals of analog channels: 16 bit with sign, inputs with a status word in front, over CoE.

Objects are where the Modular Device Profile (ETG.5001) has them: inputs of channel n at 0x6000 + 16n,
outputs at 0x7000 + 16n, settings at 0x8000 + 16n.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from taktora.errors import InvalidArgument, WrongType
from taktora.segment.channels import Channels
from taktora.segment.coe_device import CoeDevice
from taktora.segment.data_types import DataType
from taktora.segment.device import Identity
from taktora.segment.identities import Kind, identity_of
from taktora.segment.objects import Access, Entry, Object, record
from taktora.segment.pdo import Mapped, Pdo, Side
from taktora.segment.waves import Wave

__all__ = ["AnalogIn", "AnalogOut"]

_LEAST, _MOST = -0x8000, 0x7FFF
_MOST_CHANNELS: Final = 16

_UNDER, _OVER, _LIMIT_1, _LIMIT_2, _ERROR, _BAD, _TOGGLE, _VALUE = range(1, 9)
"""Subindices of the inputs; those up to the toggle bit make up the status word."""


def _check_channels(channels: int) -> None:
    if not 1 <= channels <= _MOST_CHANNELS:
        raise InvalidArgument(
            f"an analog terminal has 1 to {_MOST_CHANNELS} channels, not {channels}"
        )


class AnalogIn(CoeDevice):
    """Analog inputs: a status word and a value per channel, or, with the other PDO, the value alone.

    A signal beyond 16 bits reads as the nearest value, with the bit for over- or underrange.

    Args:
        channels: how many, 1 to 16.
        waves: what they see, one per channel; default: what Python sets.
        identity: default: by the number of channels.
        mailbox_bytes: size of each of the two mailboxes.

    Attributes:
        inputs: digits at the inputs, or a :class:`Wave`; ``terminal.inputs[0] = 1234``.
        broken: channels that report an error, such as a broken wire.
    """

    def __init__(
        self,
        channels: int = 2,
        *,
        waves: Sequence[Wave] = (),
        identity: Identity | None = None,
        mailbox_bytes: int = 128,
    ) -> None:
        _check_channels(channels)
        if len(waves) > channels:
            raise InvalidArgument(f"there are {len(waves)} waves for {channels} channels")
        self._signals: list[int | Wave] = [*waves, *([0] * (channels - len(waves)))]
        self._broken = [False] * channels
        self._now = 0
        self.inputs: Channels[int | Wave] = Channels(channels, self._digits, self._set)
        self.broken = Channels(channels, self._broken.__getitem__, self._broken.__setitem__)
        super().__init__(
            identity or identity_of(Kind.ANALOG_IN, channels, name="analog-in"),
            [one for n in range(channels) for one in _input_objects(n)],
            inputs=Side(
                tuple(pdo for n in range(channels) for pdo in _input_pdos(n)),
                tuple(0x1A00 + 2 * n for n in range(channels)),
            ),
            mailbox_bytes=mailbox_bytes,
        )

    def update(self, valid: bool, now: int) -> None:  # noqa: ARG002  # there are no outputs
        """Look at the signals."""
        self._now = now
        values = self.objects.values
        for channel, broken in enumerate(self._broken):
            index = 0x6000 + 0x10 * channel
            digits = self._digits(channel)
            value = min(max(digits, _LEAST), _MOST)
            values[index, _UNDER] = digits < _LEAST
            values[index, _OVER] = digits > _MOST
            values[index, _LIMIT_1] = self._limit(channel, 1, value)
            values[index, _LIMIT_2] = self._limit(channel, 2, value)
            values[index, _ERROR] = values[index, _BAD] = broken
            values[index, _TOGGLE] = not values[index, _TOGGLE]
            values[index, _VALUE] = value

    def _limit(self, channel: int, number: int, value: int) -> int:
        """0: not watched, 1: below, 2: above, 3: equal."""
        index, values = 0x8000 + 0x10 * channel, self.objects.values
        if not values[index, number]:
            return 0
        limit = int(values[index, 2 + number])
        return 3 if value == limit else 2 if value > limit else 1

    def _digits(self, channel: int) -> int:
        signal = self._signals[channel]
        return signal(self._now) if isinstance(signal, Wave) else signal

    def _set(self, channel: int, value: int | Wave) -> None:
        if isinstance(value, bool) or not isinstance(value, int | Wave):
            raise WrongType(
                f"an analog input sees a whole number of digits or a Wave, not {value!r}"
            )
        self._signals[channel] = value


class AnalogOut(CoeDevice):
    """Analog outputs: one value per channel.

    While the MainDevice's outputs are not valid a channel puts out its default value, or stays as it
    is, by its settings (0x8000 + 16n).

    Args:
        channels: how many, 1 to 16.
        identity: default: by the number of channels.
        mailbox_bytes: size of each of the two mailboxes.

    Attributes:
        outputs: digits that the terminal puts out now.
    """

    def __init__(
        self, channels: int = 2, *, identity: Identity | None = None, mailbox_bytes: int = 128
    ) -> None:
        _check_channels(channels)
        self._put_out = [0] * channels
        self.outputs = Channels(channels, self._put_out.__getitem__)
        super().__init__(
            identity or identity_of(Kind.ANALOG_OUT, channels, name="analog-out"),
            [one for n in range(channels) for one in _output_objects(n)],
            outputs=Side(tuple(_output_pdo(n) for n in range(channels))),
            mailbox_bytes=mailbox_bytes,
        )

    def power_on(self) -> None:
        """As at the factory; 0 is put out."""
        super().power_on()
        self._put_out[:] = [0] * len(self._put_out)

    def entered(self, state: int, now: int) -> None:
        """What is put out, unless in OP, is what is safe."""
        super().entered(state, now)
        if state != 8:
            self.update(False, now)

    def update(self, valid: bool, now: int) -> None:  # noqa: ARG002  # the same at all times
        """Put the outputs out."""
        values = self.objects.values
        for channel in range(len(self._put_out)):
            settings = 0x8000 + 0x10 * channel
            if valid:
                self._put_out[channel] = int(values[0x7000 + 0x10 * channel, 1])
            elif not values[settings, 1]:
                self._put_out[channel] = int(values[settings, 2])


def _input_objects(channel: int) -> list[Object]:
    access, at = Access.RO | Access.TX_PDO, 0x10 * channel
    flag, two, word = DataType.BOOLEAN, DataType.BIT2, DataType.INTEGER16
    inputs = [
        Entry("Underrange", flag, False, access),
        Entry("Overrange", flag, False, access),
        Entry("Limit 1", two, 0, access),
        Entry("Limit 2", two, 0, access),
        Entry("Error", flag, False, access),
        Entry("TxPDO State", flag, False, access),
        Entry("TxPDO Toggle", flag, False, access),
        Entry("Value", word, 0, access),
    ]
    setting = Access.RW | Access.BACKUP | Access.SETTING
    settings = [
        Entry("Enable limit 1", flag, False, setting),
        Entry("Enable limit 2", flag, False, setting),
        Entry("Limit 1", word, 0, setting),
        Entry("Limit 2", word, 0, setting),
    ]
    name = f"AI {channel + 1}"
    return [
        record(0x6000 + at, f"{name} inputs", inputs),
        record(0x8000 + at, f"{name} settings", settings),
    ]


def _input_pdos(channel: int) -> tuple[Pdo, Pdo]:
    """With the status word, and without; only one of them at a time."""
    index, standard, compact = 0x6000 + 0x10 * channel, 0x1A00 + 2 * channel, 0x1A01 + 2 * channel
    status = [(_UNDER, 1), (_OVER, 1), (_LIMIT_1, 2), (_LIMIT_2, 2), (_ERROR, 1)]
    value = Mapped(index, _VALUE, 16)
    entries = (
        *(Mapped(index, sub, bits) for sub, bits in status),
        Mapped(0, 0, 7),
        Mapped(index, _BAD, 1),
        Mapped(index, _TOGGLE, 1),
        value,
    )
    name = f"AI {channel + 1}"
    return (
        Pdo(standard, f"{name} standard", entries, excludes=(compact,)),
        Pdo(compact, f"{name} compact", (value,), excludes=(standard,)),
    )


def _output_objects(channel: int) -> list[Object]:
    at, name, word = 0x10 * channel, f"AO {channel + 1}", DataType.INTEGER16
    setting = Access.RW | Access.BACKUP | Access.SETTING
    return [
        record(
            0x7000 + at, f"{name} outputs", [Entry("Value", word, 0, Access.RO | Access.RX_PDO)]
        ),
        record(
            0x8000 + at,
            f"{name} settings",
            [
                Entry("Hold without valid outputs", DataType.BOOLEAN, False, setting),
                Entry("Default output", word, 0, setting),
            ],
        ),
    ]


def _output_pdo(channel: int) -> Pdo:
    value = Mapped(0x7000 + 0x10 * channel, 1, 16)
    return Pdo(0x1600 + channel, f"AO {channel + 1}", (value,))
