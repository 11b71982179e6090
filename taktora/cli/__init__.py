"""The ``taktora`` command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from taktora.cli import (
    check,
    connectors,
    doctor,
    ethercat,
    gateway,
    graph,
    record,
    replay,
    report,
    run,
)
from taktora.cli.ending import CommandError
from taktora.cli.finding import usable

__all__ = ["main"]

_EXAMPLES = """\
examples:
  taktora doctor
  taktora run examples.line:build --for 10 --stats
  taktora graph examples.line:build -o line.svg
  taktora record --all -o run.mcap
  taktora replay run.mcap
  taktora check connectors.toml

taktora COMMAND --help says more.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with ``arguments`` (default: those of the process); its exit code.

    0: all is well. 1: what ran failed, or what was examined has a problem. 2: nothing ran (wrong usage
    is raised as ``SystemExit``). 130: broken off by Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except CommandError as error:
        sys.stdout.flush()
        print(f"taktora {options.called}: {error}".rstrip(), file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `taktora doctor | head`: nobody reads on, which is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    from taktora import __version__

    parser = argparse.ArgumentParser(
        prog="taktora",
        description="Actor-model execution on iceoryx2 shared memory.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"taktora {__version__}")

    def show_help(_: argparse.Namespace) -> int:
        parser.print_help()
        return 0

    parser.set_defaults(command=show_help)
    commands = parser.add_subparsers(title="commands", dest="called", metavar="COMMAND")
    run.add_to(commands)
    gateway.add_to(commands)
    graph.add_to(commands)
    record.add_to(commands)
    replay.add_to(commands)
    check.add_to(commands)
    connectors.add_to(commands)
    ethercat.add_to(commands)
    examination = commands.add_parser(
        "doctor",
        help="check whether taktora works on this machine, and what could be better",
        description="Check whether taktora works on this machine, and what could be better. "
        "Exit code 0: it works; 1: a problem is in the way.",
    )
    examination.add_argument("--json", action="store_true", help="print JSON instead of text")
    examination.set_defaults(command=_doctor)
    return parser


def _doctor(options: argparse.Namespace) -> int:
    from taktora import __version__

    findings = doctor.examine()
    if options.json:
        print(report.as_json(findings, __version__))
    else:
        colour = report.wants_colour(sys.stdout, os.environ)
        print(report.as_text(findings, __version__, colour=colour))
    sys.stdout.flush()
    return 0 if usable(findings) else 1
