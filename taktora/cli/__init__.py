"""The ``taktora`` command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from taktora.cli import doctor, report
from taktora.cli.finding import usable

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with ``arguments`` (default: those of the process); its exit code.

    0: all is well. 1: the doctor found a problem. 2: wrong usage (raised as ``SystemExit``).
    """
    from taktora import __version__

    parser = argparse.ArgumentParser(
        prog="taktora", description="Actor-model execution on iceoryx2 shared memory."
    )
    parser.add_argument("--version", action="version", version=f"taktora {__version__}")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND")
    examination = commands.add_parser(
        "doctor",
        help="check whether taktora works on this machine, and what could be better",
        description="Check whether taktora works on this machine, and what could be better. "
        "Exit code 0: it works; 1: a problem is in the way.",
    )
    examination.add_argument("--json", action="store_true", help="print JSON instead of text")
    options = parser.parse_args(arguments)
    try:
        if options.command is None:
            parser.print_help()
            return 0
        return _doctor(as_json=options.json)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `taktora doctor | head`: nobody reads on, which is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _doctor(*, as_json: bool) -> int:
    from taktora import __version__

    findings = doctor.examine()
    if as_json:
        print(report.as_json(findings, __version__))
    else:
        colour = report.wants_colour(sys.stdout, os.environ)
        print(report.as_text(findings, __version__, colour=colour))
    sys.stdout.flush()
    return 0 if usable(findings) else 1
