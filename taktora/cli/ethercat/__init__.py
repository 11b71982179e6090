"""``taktora ethercat``: what is done with EtherCAT from the command line, one command a file."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from taktora.cli.ethercat import simulate

if TYPE_CHECKING:
    from argparse import _SubParsersAction

__all__ = ["add_to"]

_EXAMPLES = """\
examples:
  taktora ethercat simulate segment.toml --nic veth1

taktora ethercat COMMAND --help says more.
"""


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the group and its commands."""
    parser = commands.add_parser(
        "ethercat",
        help="EtherCAT: a simulated segment",
        description="EtherCAT from the command line.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )

    def show_help(_: argparse.Namespace) -> int:
        parser.print_help()
        return 0

    parser.set_defaults(command=show_help)
    group = parser.add_subparsers(title="commands", dest="asked", metavar="COMMAND")
    simulate.add_to(group)
