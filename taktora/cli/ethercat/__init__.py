"""``taktora ethercat``: tools for an EtherCAT bus, one file for each command."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import _SubParsersAction

__all__ = ["add_to"]

_EXAMPLES = """\
examples:
  taktora ethercat scan --nic eth1             who is there?
  taktora ethercat states --nic eth1           in which state? changes nothing
  taktora ethercat sdo read 2 0x1018:01 --nic eth1
  taktora ethercat od 2 --nic eth1 --values
  taktora ethercat watch --nic eth1            run the bus, and see what comes
  taktora ethercat watch lab                   see how a running gateway's bus is
  taktora ethercat simulate segment.toml --nic veth1

They need the right to send raw frames (CAP_NET_RAW), and pip install 'taktora[ethercat]'. Without
--nic they list the network interfaces.

taktora ethercat COMMAND --help says more.
"""


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command; its own commands only once it is called: they are much to import."""
    parser: Any = commands.add_parser(
        "ethercat",
        help="look at an EtherCAT bus: SubDevices, states, objects, live values; simulate one",
        description="Tools for an EtherCAT bus.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parse, declared = parser.parse_known_args, list[bool]()

    def parse_with_tools(args: Sequence[str] | None = None, namespace: Any = None) -> Any:
        if not declared:
            declared.append(True)
            _declare(parser)
        return parse(args, namespace)

    parser.parse_known_args = parse_with_tools


def _declare(parser: argparse.ArgumentParser) -> None:
    from taktora.cli.ethercat import od, scan, sdo, simulate, states, watch

    def show_help(_: argparse.Namespace) -> int:
        parser.print_help()
        return 0

    parser.set_defaults(command=show_help)
    tools = parser.add_subparsers(title="commands", dest="tool", metavar="COMMAND")
    for one in (scan, states, sdo, od, watch, simulate):
        one.add_to(tools)
