"""``taktora ethercat od``: which objects a SubDevice has."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from taktora.cli.ethercat.addressing import Address, address, position
from taktora.cli.ethercat.objects_text import as_json, as_text
from taktora.cli.ethercat.opening import add_nic, browsing, found_on, working
from taktora.cli.saying import say
from taktora.errors import SdoAbort

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from taktora.connectors.ethercat.bus_browser import BusBrowser
    from taktora.connectors.ethercat.object_descriptions import ObjectDescription

__all__ = ["add_to"]

_EXAMPLES = """\
examples:
  taktora ethercat od 2 --nic eth1
  taktora ethercat od 2 0x1018 0x6041 --nic eth1 --values
  taktora ethercat od 2 --nic eth1 --values --json > axis.json

The SubDevice describes its objects itself (SDO information); not all of them do. Entries that differ
only by a number are one line; name an object to see all of its. Types are those of sdo read --type.
The bus is taken through INIT to PRE-OP for it, and left there.

exit codes:
  0  listed
  1  nobody answers, there is no such object, or something failed
  2  nothing was done: wrong usage, no such interface, no right to send raw frames, or somebody
     drives the interface
"""


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "od",
        help="browse the object dictionary of a SubDevice",
        description="Browse the object dictionary of a SubDevice: objects, their entries, and\n"
        "whoever may read and write them; with --values, what is in them.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("position", metavar="POSITION", type=position, help="on the wire, from 1")
    parser.add_argument(
        "indices", metavar="INDEX", type=address, nargs="*", help="only these objects, as 0x1018"
    )
    add_nic(parser)
    parser.add_argument("--values", action="store_true", help="read every entry that can be read")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.set_defaults(command=od, called="ethercat od")


def od(options: argparse.Namespace) -> int:
    """The command; its exit code.

    Raises:
        CommandError: the SubDevice is not there or does not tell, or could not be asked.
    """
    with browsing(options) as bus:
        found_on(bus, options.nic)
        bus.check_objects(options.position)
        browsing_ = _Browsing(bus, options.position)
        with working(f"asking SubDevice {options.position} for its objects", browsing_.fraction):
            objects = browsing_.objects(options.indices)
        values = None
        if options.values:
            with working("reading their values", browsing_.fraction):
                values = browsing_.values(objects)
    if options.json:
        say(as_json(options.position, objects, values))
        return 0
    say(as_text(objects, values, fold=not options.indices))
    entries = sum(not entry.is_gap for one in objects for entry in one.entries)
    say(f"\n{_count(len(objects), 'object')}, {_count(entries, 'entry', 'entries')}.")
    return 0


class _Browsing:
    """Asks for one object after the other, and says how far it is. One thread asks."""

    def __init__(self, bus: BusBrowser, position: int) -> None:
        self._bus = bus
        self._position = position
        self._share: float | None = None

    def fraction(self) -> float | None:
        """0 to 1. Any thread."""
        return self._share

    def objects(self, only: list[Address]) -> list[ObjectDescription]:
        """All of them, or only some."""
        indices = [one.index for one in only] or self._bus.indices(self._position)
        found = []
        for done, index in enumerate(indices):
            self._share = done / len(indices)
            found.append(self._bus.describe(self._position, index))
        return found

    def values(self, objects: list[ObjectDescription]) -> dict[tuple[int, int], bytes | str]:
        """What is in those that can be read; of lists, as many as their subindex 0 says there are."""
        values: dict[tuple[int, int], bytes | str] = {}
        for done, one in enumerate(objects):
            self._share = done / len(objects)
            most = 0xFF
            for entry in one.entries:
                if entry.subindex > most or not entry.is_readable:
                    continue
                try:
                    data = self._bus.read_sdo(self._position, one.index, entry.subindex)
                except SdoAbort as abort:
                    values[one.index, entry.subindex] = f"refused: {abort.text}"
                    continue
                values[one.index, entry.subindex] = data
                if entry.subindex == 0 and len(one.entries) > 1 and data:
                    most = data[0]
        return values


def _count(number: int, what: str, plural: str = "") -> str:
    return f"{number} {what if number == 1 else plural or what + 's'}"
