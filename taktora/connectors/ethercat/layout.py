"""Whether channels lead somewhere: what can be known without a bus, and what the bus then says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import frozen

from taktora.config import Problem, close_to, show
from taktora.config.problems import listed
from taktora.connectors.descriptor import ChannelDescriptor
from taktora.connectors.ethercat.bus import BringUp, SubDeviceInfo
from taktora.connectors.ethercat.options import EthercatOptions
from taktora.connectors.ethercat.pdi import Field
from taktora.connectors.ethercat.routing import Direction, EthercatRouting
from taktora.connectors.ethercat.subdevice_map import known_bits
from taktora.errors import BusError, InvalidDescriptor

__all__ = ["Layout", "Placed", "expected_wkc", "problems_of"]

_MOST = 5  # mistakes that an error tells one by one


@frozen
class Placed:
    """A channel, and where on the wire it leads."""

    channel: str
    position: int
    routing: EthercatRouting
    field: Field

    @property
    def is_output(self) -> bool:
        """Whether the MainDevice writes it."""
        return self.routing.direction is Direction.RX


class Layout:
    """The channels of one connector. What is in it leads somewhere, as far as that can be known.

    Args:
        options: of the connector.
    """

    def __init__(self, options: EthercatOptions) -> None:
        self.placed: dict[str, Placed] = {}
        """By channel."""
        self._options = options

    def add(self, channel: str, routing: EthercatRouting) -> Placed:
        """Take one more channel in; the same one again changes nothing.

        Raises:
            InvalidDescriptor: its routing leads nowhere, or is not the one that it was added with,
                or another output has one of its bits.
        """
        known = self.placed.get(channel)
        if known is not None:
            if known.routing == routing:
                return known
            raise InvalidDescriptor(f"channel {channel!r}: is there already, as {known.routing!r}")
        placed, problems = _placed(self._options, channel, routing)
        problems += _overlap(self._options, placed, self.placed.values())
        if placed is None or problems:
            key, text = problems[0]
            raise InvalidDescriptor(f"channel {channel!r}: {key} {text}")
        self.placed[channel] = placed
        return placed

    def check(self, found: BringUp) -> None:
        """Whether the bus that was found has what the channels and the options speak of.

        Raises:
            BusError: with everything that it has not.
        """
        problems = [*_strangers(self._options, found), *self._nowhere(found)]
        if problems:
            more = len(problems) - _MOST
            tail = f"; and {more} more" if more > 0 else ""
            raise BusError(f"the bus is not as configured: {'; '.join(problems[:_MOST])}{tail}")

    def _nowhere(self, found: BringUp) -> Iterator[str]:
        for one in self.placed.values():
            label = self._options.label_of(one.position)
            if one.position > len(found.subdevices):
                yield f"channel {one.channel!r} leads to {label}, and {_there_are(found)}"
                continue
            its = found.subdevices[one.position - 1]
            bits = its.output_bits if one.is_output else its.input_bits
            if one.field.bit_offset + one.field.bit_length > bits:
                yield (
                    f"channel {one.channel!r}: {_not_in(one.field)} the {_image(one.routing)} of "
                    f"{_named(self._options, its)}, which have {bits} bits"
                )


def problems_of(
    options: EthercatOptions, channels: Mapping[int, ChannelDescriptor[Any]]
) -> Iterator[Problem]:
    """Mistakes that need no bus to be seen, with paths from the connector on.

    ``channels``: by their positions in the configuration; what is routed elsewhere is passed over.
    """
    before: dict[str, Placed] = {}
    for index, descriptor in channels.items():
        name, routing = descriptor.name, descriptor.routing
        if not isinstance(routing, EthercatRouting):
            continue
        placed, problems = _placed(options, name, routing)
        problems += _overlap(options, placed, before.values())
        for key, text in problems:
            yield Problem(("channels", index, "routing", key), text)
        if placed is not None:
            before.setdefault(name, placed)


def expected_wkc(options: EthercatOptions, found: BringUp) -> int:
    """The working counter of a good cycle, with what the options say of single SubDevices."""
    expected = found.expected_wkc
    for one in options.subdevices:
        if one.expected_wkc is not None and one.subdevice <= len(found.subdevices):
            its = found.subdevices[one.subdevice - 1]
            expected += one.expected_wkc - 2 * (its.output_bits > 0) - (its.input_bits > 0)
    return expected


# --- helpers --------------------------------------------------------------------------------------

Mistake = tuple[str, str]
"""Key of the routing, and what is wrong with it."""


def _placed(
    options: EthercatOptions, channel: str, routing: EthercatRouting
) -> tuple[Placed | None, list[Mistake]]:
    position = options.position_of(routing.subdevice)
    if position is None:
        names = [one.name for one in options.subdevices if one.name is not None]
        close = close_to(routing.subdevice, names)
        hint = f"; did you mean {listed(map(show, close))}?" if close else ""
        known = f"; there are {listed(map(show, names), 'and')}" if names and not close else ""
        text = f"is {show(routing.subdevice)}, and no SubDevice is called that{hint}{known}"
        return None, [("subdevice", text)]
    placed = Placed(channel, position, routing, routing.bits)
    its = options.map_of(position)
    pdos = () if its is None else its.rx_pdos if placed.is_output else its.tx_pdos
    bits = known_bits(pdos)
    if bits is None or routing.bit_offset + routing.bit_length <= bits:
        return placed, []
    key = "bit_offset" if routing.bit_offset >= bits else "bit_length"
    which = "rx_pdos" if placed.is_output else "tx_pdos"
    text = (
        f"is {getattr(routing, key)}: {_not_in(placed.field)} the {_image(routing)} of "
        f"{options.label_of(position)}, whose {which} have {bits} bits"
    )
    return placed, [(key, text)]


def _overlap(
    options: EthercatOptions, placed: Placed | None, others: Iterable[Placed]
) -> list[Mistake]:
    """An output that another channel writes, too; inputs may be read by any number."""
    if placed is None or not placed.is_output:
        return []
    for other in others:
        if (
            other.is_output
            and other.channel != placed.channel
            and other.position == placed.position
            and other.field.overlaps(placed.field)
        ):
            text = (
                f"is {placed.field.bit_offset}: {_bits(placed.field)} of the outputs of "
                f"{options.label_of(placed.position)} overlap{_s(placed.field)} {_bits(other.field)} "
                f"of channel {other.channel!r}; each output bit has one channel"
            )
            return [("bit_offset", text)]
    return []


def _strangers(options: EthercatOptions, found: BringUp) -> Iterator[str]:
    """SubDevices that are not there, or are others than they should be."""
    for one in options.subdevices:
        if one.subdevice > len(found.subdevices):
            yield f"{one.label} is not there: {_there_are(found)}"
            continue
        its = found.subdevices[one.subdevice - 1]
        for what, wanted, there in (
            ("vendor", one.vendor, its.vendor),
            ("product", one.product, its.product),
        ):
            if wanted is not None and wanted != there:
                yield (
                    f"{_named(options, its)} has {what} 0x{there:08X}, and should have "
                    f"0x{wanted:08X}; are the SubDevices wired in this order?"
                )
        for which, pdos, bits in (
            ("rx_pdos", one.rx_pdos, its.output_bits),
            ("tx_pdos", one.tx_pdos, its.input_bits),
        ):
            known = known_bits(pdos)
            if known is not None and known > bits:
                image = "outputs" if which == "rx_pdos" else "inputs"
                yield (
                    f"{_named(options, its)} has {bits} bits of {image}, and its {which} have "
                    f"{known}"
                )


def _there_are(found: BringUp) -> str:
    number = len(found.subdevices)
    return "one SubDevice was found" if number == 1 else f"{number} SubDevices were found"


def _named(options: EthercatOptions, its: SubDeviceInfo) -> str:
    """``SubDevice 2 (axis, AX5000)``: as the options call it, and as it calls itself."""
    known = options.map_of(its.position)
    names = dict.fromkeys(name for name in (known.name if known else None, its.name) if name)
    return f"SubDevice {its.position}" + (f" ({', '.join(names)})" if names else "")


def _image(routing: EthercatRouting) -> str:
    return "outputs" if routing.direction is Direction.RX else "inputs"


def _s(field: Field) -> str:
    return "s" if field.bit_length == 1 else ""


def _not_in(field: Field) -> str:
    return f"{_bits(field)} {'is not' if field.bit_length == 1 else 'are not all'} in"


def _bits(field: Field) -> str:
    if field.bit_length == 1:
        return f"bit {field.bit_offset}"
    return f"bits {field.bit_offset} to {field.bit_offset + field.bit_length - 1}"
