"""``taktora connectors``: which connectors and codecs are installed, and what each still needs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from attrs import asdict, frozen

from taktora.cli.reading import printable
from taktora.cli.saying import say

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from taktora.plugins import Plugin

__all__ = ["Row", "add_to", "as_text", "connectors"]

_EXAMPLES = """\
examples:
  taktora connectors
  taktora connectors --json

exit codes:
  0  listed, also when something is missing
  2  wrong usage
"""


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "connectors",
        help="list the installed connectors and codecs",
        description="List the connectors and codecs that a connectors file can name: who brings\n"
        "each, and what has to be installed before it can be used.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.set_defaults(command=connectors)


@frozen
class Row:
    """One plug-in."""

    name: str
    distribution: str
    version: str
    missing: str | None
    """Why it cannot be used, and what to install; ``None``: it can."""


def connectors(options: argparse.Namespace) -> int:
    """The command; its exit code."""
    from taktora import __version__, plugins

    found = {
        what: _rows(plugins.installed(f"taktora.{what}").values())
        for what in ("connectors", "codecs")
    }
    if options.json:
        listed = {what: [asdict(row) for row in rows] for what, rows in found.items()}
        say(json.dumps({"taktora": __version__, **listed}, indent=2))
    else:
        say("\n\n".join(as_text(what, rows) for what, rows in found.items()))
    return 0


def as_text(what: str, rows: list[Row]) -> str:
    """A heading and a line for each, in columns; what is missing stands at the end."""
    if not rows:
        return f"{what}: none is installed"
    cells = [
        (printable(row.name), printable(f"{row.distribution} {row.version}"), row.missing)
        for row in rows
    ]
    widths = [max(len(cell[at] or "") for cell in cells) for at in (0, 1)]
    lines = [
        f"  {name:{widths[0]}}  {source:{widths[1]}}  {printable(missing or 'ready')}"
        for name, source, missing in cells
    ]
    return "\n".join([f"{what}:", *lines])


def _rows(found: Iterable[Plugin]) -> list[Row]:
    return [Row(one.name, one.distribution, one.version, one.missing) for one in found]
