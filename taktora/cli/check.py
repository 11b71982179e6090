"""``taktora check``: whether a connectors file is as it should be, without connecting."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from taktora.cli.ending import FAILED
from taktora.cli.reading import printable
from taktora.cli.saying import say
from taktora.errors import InvalidConfig

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from taktora.connectors.resolving import Lookup

__all__ = ["add_to", "check"]

_EXAMPLES = """\
examples:
  taktora check connectors.toml
  taktora check *.toml && taktora gateway connectors.toml

Each mistake is one line: the file, the path in it, what is there, what is wanted.

exit codes:
  0  every file is as it should be
  1  there are mistakes, or a file cannot be read
  2  wrong usage
"""


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "check",
        help="check a connectors file without connecting",
        description="Check a connectors file (TOML or JSON): its structure and values, that every\n"
        "connector and codec in it is installed, and options and routing by the connector's\n"
        "own rules. All mistakes are told at once. Nothing is connected to.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", metavar="FILE", nargs="+", help="to check")
    parser.set_defaults(command=check)


def check(options: argparse.Namespace, *, lookup: Lookup | None = None) -> int:
    """The command; its exit code. ``lookup``: what is installed, unless a test knows better."""
    from taktora.connectors.resolving import load_connectors

    mistaken = False
    for name in options.files:
        source = printable(name)
        try:
            found = load_connectors(name, lookup=lookup)
        except InvalidConfig as error:
            mistaken = True
            for problem in error.problems:
                say(f"{source}: {printable(problem)}")
            continue
        channels = sum(len(one.channels) for one in found.connectors)
        say(
            f"{source}: {_count(len(found.connectors), 'connector')}, {_count(channels, 'channel')}"
        )
    return FAILED if mistaken else 0


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
