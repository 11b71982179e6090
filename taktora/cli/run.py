"""``taktora run``: build a topology on an executor, and run it."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

from taktora.cli.building import built, loaded
from taktora.cli.driving import drive, log_to_stderr
from taktora.cli.ending import Ending, Interrupted
from taktora.cli.options import LOG_LEVELS, seconds, workers
from taktora.cli.watching import choose_show

if TYPE_CHECKING:
    from argparse import _SubParsersAction

__all__ = ["add_to"]

_EXAMPLES = """\
examples:
  taktora run examples.line:build                      until Ctrl-C
  taktora run examples/line.py:build --for 10 --stats  ten seconds, with numbers
  taktora run my_robot.arm:build --workers 4 --domain rig-2 --log-level debug

exit codes:
  0  it ran to its end, or was ended by Ctrl-C, SIGTERM or SIGHUP
  1  an item failed
  2  nothing ran: wrong usage, or the target cannot be built
"""


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "run",
        help="build a topology and run it until Ctrl-C",
        description="Call function(executor), which adds items, and run them until Ctrl-C,\n"
        "an item stops the executor, or an item fails.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "target", metavar="module:function", help="or path/to/file.py:function; builds the items"
    )
    parser.add_argument(
        "--workers",
        type=workers,
        default=0,
        metavar="N",
        help="threads that run items (default: 0, all on one thread)",
    )
    parser.add_argument(
        "--for", type=seconds, dest="seconds", metavar="SECONDS", help="end after this time"
    )
    parser.add_argument("--name", help="of the executor, in messages and thread names")
    parser.add_argument(
        "--domain", help="who may meet whom (default: TAKTORA_DOMAIN, else iceoryx2's own)"
    )
    parser.add_argument(
        "--log-level",
        type=str.lower,
        choices=LOG_LEVELS,
        metavar="LEVEL",
        help=f"of Python's, taktora's and iceoryx2's log: {', '.join(LOG_LEVELS)} "
        "(default: Python's and taktora's warnings, iceoryx2's errors)",
    )
    parser.add_argument(
        "--stats",
        action="store_true",
        help="show each item's numbers, and each connector port's, every second, and a summary at "
        "the end: a live table on a terminal (needs the extra cli), else plain lines",
    )
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """The command; its exit code.

    Raises:
        CommandError: nothing ran, or an item failed.
        KeyboardInterrupt: a second Ctrl-C.
    """
    ending = Ending()
    show = choose_show(sys.stdout, os.environ.get("TERM", ""), _say) if options.stats else None
    try:
        with ending.on_signals(), show.beside() if show else nullcontext():
            build = loaded(options.target)
            log_to_stderr(options.log_level)
            with built(
                build,
                options.target,
                worker_threads=options.workers,
                name=options.name,
                domain=options.domain,
            ) as executor:
                drive(executor, options.seconds, show, ending)
    except Interrupted:
        pass
    return 0


def _say(text: str) -> None:
    print(f"taktora run: {text}", file=sys.stderr)
