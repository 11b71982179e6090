"""``taktora graph``: draw what a function builds, without running it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from taktora.cli.building import built, loaded
from taktora.cli.ending import REFUSED, CommandError, Ending, Interrupted
from taktora.errors import TaktoraError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

__all__ = ["add_to", "format_of", "write"]

FORMATS = {"mmd": "Mermaid", "dot": "Graphviz", "svg": "a picture"}
SUFFIXES = {".mmd": "mmd", ".mermaid": "mmd", ".dot": "dot", ".gv": "dot", ".svg": "svg"}

_EXAMPLES = """\
examples:
  taktora graph examples.line:build                 Mermaid, to standard output
  taktora graph examples/line.py:build -o line.svg  a picture
  taktora graph examples.line:build --format dot | dot -Tpdf -o line.pdf

exit codes:
  0  drawn
  2  not drawn: wrong usage, or the target cannot be built
"""


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "graph",
        help="draw a topology without running it",
        description="Call function(executor), which adds items, and draw what it built: items,\n"
        "their triggers, and the channels between them. Nothing runs.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "target", metavar="module:function", help="or path/to/file.py:function; builds the items"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write here (default: standard output)"
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help=", ".join(f"{form} ({what})" for form, what in FORMATS.items())
        + f"; default: what FILE's suffix says ({', '.join(SUFFIXES)}), else mmd",
    )
    parser.add_argument(
        "--domain", help="to build in (default: one of its own, so that nothing that runs is met)"
    )
    parser.set_defaults(command=graph)


def graph(options: argparse.Namespace) -> int:
    """The command; its exit code.

    Raises:
        CommandError: nothing was drawn.
    """
    output = None if options.output in (None, "-") else Path(options.output)
    form = options.format or format_of(output)
    try:
        with Ending().on_signals():
            from taktora.picture import render

            build = loaded(options.target)
            domain = options.domain or f"graph-{os.getpid()}"
            with built(
                build, options.target, domain=domain, name=_name(options.target)
            ) as executor:
                text = render(executor.topology(), form)
    except Interrupted:
        return 0
    except TaktoraError as error:
        raise CommandError(str(error), REFUSED) from error
    if output is None:
        print(text.removesuffix("\n"))
        return 0
    try:
        write(output, text)
    except OSError as error:
        raise CommandError(f"cannot write {output}: {error.strerror}", REFUSED) from error
    return 0


def _name(target: str) -> str:
    """The module's name: the picture says it, and should be the same each time."""
    module = target.rpartition(":")[0].removesuffix(".py")
    return module.replace("/", ".").rpartition(".")[2].encode("ascii", "replace").decode()[:64]


def format_of(path: Path | None) -> str:
    """The format that a file's suffix asks for; Mermaid for standard output.

    Raises:
        CommandError: a suffix that is not known.
    """
    if path is None:
        return "mmd"
    form = SUFFIXES.get(path.suffix.lower())
    if form is None:
        known = ", ".join(f"{suffix} ({FORMATS[name]})" for suffix, name in SUFFIXES.items())
        raise CommandError(
            f"what is {path} to be? Known suffixes: {known}; or say --format", REFUSED
        )
    return form


def write(path: Path, text: str) -> None:
    """Put ``text`` into the file at once: whoever reads finds the old content or the new one.

    A link stays a link. What is no regular file (``/dev/stdout``) is written to as it is.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
