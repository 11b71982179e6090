"""``taktora ethercat scan``: which SubDevices there are."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from taktora.cli.ethercat.opening import add_nic, browsing, found_on, working
from taktora.cli.ethercat.tables import table
from taktora.cli.saying import say
from taktora.connectors.ethercat.subdevice_states import in_words

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from taktora.connectors.ethercat.bus_browser import Scanned

__all__ = ["add_to", "as_json", "as_text"]

_EXAMPLES = """\
examples:
  taktora ethercat scan --nic eth1
  taktora ethercat scan --nic eth1 --json | jq '.subdevices[].name'

The bus is taken through INIT to PRE-OP for it, and left there: nothing else may drive it. out and in
are bits of process data. What is in which state without changing it: taktora ethercat states.

exit codes:
  0  SubDevices answered
  1  none did, or something failed
  2  nothing was done: wrong usage, no such interface, no right to send raw frames, or somebody
     drives the interface
"""


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "scan",
        help="list the SubDevices on a bus",
        description="List the SubDevices on a bus: who made them, their process data, their mailboxes.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_nic(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.set_defaults(command=scan, called="ethercat scan")


def scan(options: argparse.Namespace) -> int:
    """The command; its exit code.

    Raises:
        CommandError: nobody answers, or it could not be asked.
    """
    with browsing(options) as bus:
        found_on(bus, options.nic)
        with working("mapping process data"):
            problem = bus.map()
            scanned = bus.scan()
    if options.json:
        say(as_json(options.nic, scanned, problem))
        return 0
    say(as_text(scanned, mapped=not problem))
    count = len(scanned)
    say(f"\n{count} SubDevice{'' if count == 1 else 's'} answered on {options.nic}.")
    for one in scanned:
        if one.state.error:
            say(f"SubDevice {one.info.position} is {in_words(one.state)}.")
    if problem:
        sys.stdout.flush()
        print(f"process data could not be mapped: {problem}", file=sys.stderr)
    return 0


def as_text(scanned: Sequence[Scanned], *, mapped: bool) -> str:
    """A line for each."""
    rows = [
        (
            str(one.info.position),
            one.info.name or "-",
            f"0x{one.info.vendor:08X}",
            f"0x{one.info.product:08X}",
            f"0x{one.info.revision:08X}",
            one.state.state.label + ("+ERR" if one.state.error else ""),
            str(one.info.output_bits) if mapped else "?",
            str(one.info.input_bits) if mapped else "?",
            " ".join(one.protocols) or "-",
            str(one.info.alias or "-"),
        )
        for one in scanned
    ]
    heads = ("#", "name", "vendor", "product", "revision", "state", "out", "in", "mailbox", "alias")
    return table(heads, rows, right=(0, 6, 7, 9))


def as_json(nic: str, scanned: Sequence[Scanned], problem: str) -> str:
    """The same, for programs: numbers are numbers."""
    every: list[dict[str, Any]] = [
        {
            "position": one.info.position,
            "name": one.info.name,
            "vendor": one.info.vendor,
            "product": one.info.product,
            "revision": one.info.revision,
            "state": one.state.state.label,
            "error": one.state.error,
            "al_status": one.state.al_status,
            "al_status_text": one.state.text,
            "output_bits": None if problem else one.info.output_bits,
            "input_bits": None if problem else one.info.input_bits,
            "mailbox": list(one.protocols),
            "station_address": one.info.station_address,
            "alias": one.info.alias,
        }
        for one in scanned
    ]
    return json.dumps({"nic": nic, "subdevices": every, "problem": problem or None}, indent=2)
