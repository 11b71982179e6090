"""``taktora ethercat sdo read`` and ``sdo write``: one object of one SubDevice."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from attrs import frozen

from taktora.cli.ending import FAILED, REFUSED, CommandError
from taktora.cli.ethercat.addressing import Address, address, object_type, position
from taktora.cli.ethercat.objects_text import value_for_json
from taktora.cli.ethercat.opening import add_nic
from taktora.cli.ethercat.sdo_ways import Way, way_of
from taktora.cli.ethercat.tables import lines_of
from taktora.cli.saying import say
from taktora.connectors.ethercat.object_descriptions import (
    EntryDescription,
    ObjectDescription,
    entry_at,
    in_complete,
)
from taktora.connectors.ethercat.object_types import BYTES, ObjectType, decode, encode, in_words
from taktora.connectors.ethercat.words import bytes_
from taktora.errors import BusError, InvalidArgument

if TYPE_CHECKING:
    from argparse import _SubParsersAction

__all__ = ["add_to"]

_COMMON = """\
INDEX and SUB are hexadecimal, as they are printed everywhere. Without --type it is what the SubDevice
says of the object (SDO information), else bytes. With --nic the bus is taken through INIT to PRE-OP
for it, and left there; with --gateway it runs on, and objects are accessed between its cycles.

exit codes:
  0  done
  1  nobody answers, the SubDevice refused (with its reason), or something failed
  2  nothing was done: wrong usage, no such interface, no right to send raw frames, or somebody
     drives the interface
"""

_READ = (
    """\
examples:
  taktora ethercat sdo read 2 0x1008 --nic eth1               its name
  taktora ethercat sdo read 2 0x6064 --nic eth1 --type i32
  taktora ethercat sdo read 2 0x1018 --nic eth1 --complete    all subindices at once
  taktora ethercat sdo read 2 0x6064 --gateway lab            while a gateway runs the bus

"""
    + _COMMON
)

_WRITE = (
    """\
examples:
  taktora ethercat sdo write 2 0x6081 2000 --nic eth1
  taktora ethercat sdo write 2 0x8000:05 0x1F --nic eth1 --type u8
  taktora ethercat sdo write 2 0x607A -500 --nic eth1 --type i32
  taktora ethercat sdo write 2 0x8002 '12 34 ab' --nic eth1 --type bytes

"""
    + _COMMON
)


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the commands and their options."""
    parser = commands.add_parser(
        "sdo",
        help="read or write an object of a SubDevice",
        description="Read or write an object of a SubDevice's object dictionary, over CoE.",
        epilog="taktora ethercat sdo read --help, and write --help, have examples and exit codes.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )

    def show_help(_: argparse.Namespace) -> int:
        parser.print_help()
        return 0

    parser.set_defaults(command=show_help)
    ways = parser.add_subparsers(title="commands", dest="way", metavar="COMMAND")
    reading = _declare(ways, "read", "Read an object.", _READ)
    reading.set_defaults(command=read, called="ethercat sdo read")
    writing = _declare(ways, "write", "Write an object.", _WRITE)
    writing.add_argument("value", metavar="VALUE", help="decimal, 0x..., 1.5, true, text, or bytes")
    writing.set_defaults(command=write, called="ethercat sdo write")


def _declare(
    ways: _SubParsersAction[argparse.ArgumentParser], name: str, what: str, epilog: str
) -> argparse.ArgumentParser:
    parser = ways.add_parser(
        name,
        help=what.lower().rstrip("."),
        description=what,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("position", metavar="POSITION", type=position, help="on the wire, from 1")
    parser.add_argument(
        "address",
        metavar="INDEX[:SUB]",
        type=address,
        help="such as 0x1018:01; SUB is 0 if left out",
    )
    add_nic(parser)
    parser.add_argument(
        "--gateway", metavar="NAME", help="through the running gateway of this connector instead"
    )
    parser.add_argument(
        "--domain", help="of the gateway (default: TAKTORA_DOMAIN, else iceoryx2's)"
    )
    parser.add_argument(
        "--type",
        type=object_type,
        metavar="TYPE",
        help="bool, u8 to u64, i8 to i64, bit1 to bit8, f32, f64, string or bytes",
    )
    parser.add_argument(
        "--complete", action="store_true", help="all subindices at once, from SUB (0 or 1) on"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    return parser


@frozen
class _Told:
    """What is said of one value."""

    address: Address
    name: str
    type: ObjectType
    data: bytes

    @classmethod
    def of(
        cls, where: Address, entry: EntryDescription | None, type: ObjectType, data: bytes
    ) -> _Told:
        """A value, with the name that its entry has."""
        return cls(where, entry.name if entry else "", type, data)

    @property
    def cells(self) -> tuple[str, ...]:
        """For a line of text."""
        return str(self.address), self.name, self.type.name, in_words(self.type, self.data)

    @property
    def facts(self) -> dict[str, object]:
        """For a program."""
        return {
            "index": self.address.index,
            "subindex": self.address.sub,
            "name": self.name or None,
            "type": self.type.name,
            "value": value_for_json(decode(self.type, self.data)),
            "hex": self.data.hex(),
        }


def read(options: argparse.Namespace) -> int:
    """``sdo read``; its exit code.

    Raises:
        CommandError: it could not be read.
    """
    where: Address = options.address
    _check_complete(options)
    with way_of(options) as way:
        its = _described(way, options)
        entry = entry_at(its.entries, where.sub) if its else None
        data = way.read_sdo(options.position, where.index, where.sub, complete=options.complete)
    if options.complete and its is not None and options.type is None:
        told = [
            _Told.of(Address(where.index, one.subindex), one, one.type, part)
            for one, part in in_complete(its.entries, data, from_subindex=where.sub)
        ]
        _say(options, told or [_Told(where, "", BYTES, data)])
        return 0
    kind = options.type or (entry.type if entry else BYTES)
    if kind.bits and len(data) != kind.size:
        if options.type is not None:
            raise CommandError(
                f"object {where} has {bytes_(len(data))}, and {kind.name} is of {bytes_(kind.size)}; "
                f"read it as bytes",
                FAILED,
            )
        kind = BYTES
    _say(options, [_Told.of(where, entry, kind, data)])
    return 0


def write(options: argparse.Namespace) -> int:
    """``sdo write``; its exit code.

    Raises:
        CommandError: it could not be written.
    """
    where: Address = options.address
    _check_complete(options)
    known = BYTES if options.complete and options.type is None else options.type
    if known is not None:
        _encoded(known, options.value)  # before anything is done
    with way_of(options) as way:
        its = _described(way, options) if known is None else None
        entry = entry_at(its.entries, where.sub) if its else None
        kind = known or (entry.type if entry else BYTES)
        data = _encoded(kind, options.value)
        way.write_sdo(options.position, where.index, where.sub, data, complete=options.complete)
    _say(options, [_Told.of(where, entry, kind, data)], "  written")
    return 0


def _described(way: Way, options: argparse.Namespace) -> ObjectDescription | None:
    """What the SubDevice says of the object, if it says anything."""
    if options.type is not None and not options.complete:
        return None
    try:
        return way.describe(options.position, options.address.index)
    except BusError:  # it has no such object, which reading it says better; or it does not tell
        return None


def _check_complete(options: argparse.Namespace) -> None:
    if options.complete and options.address.sub > 1:
        raise CommandError("complete access begins at subindex 0 or 1", REFUSED)


def _encoded(kind: ObjectType, text: str) -> bytes:
    try:
        return encode(kind, text)
    except InvalidArgument as error:
        raise CommandError(str(error), REFUSED) from error


def _say(options: argparse.Namespace, told: list[_Told], done: str = "") -> None:
    if options.json:
        facts = [{"position": options.position, **one.facts} for one in told]
        say(json.dumps(facts if options.complete else facts[0], indent=2))
        return
    rows = [one.cells for one in told]
    if not any(name for _, name, *_ in rows):
        rows = [(where, *rest) for where, _, *rest in rows]
    say(lines_of(rows) + done)
