"""``taktora gateway``: the gateways of a connectors file, in a process of their own."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

from attrs import evolve

from taktora.cli.driving import drive, log_to_stderr
from taktora.cli.ending import REFUSED, CommandError, Ending, Interrupted
from taktora.cli.options import LOG_LEVELS, cpus, seconds, workers
from taktora.cli.watching import choose_show
from taktora.errors import InvalidArgument, TaktoraError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from taktora.connectors.gateway_host import ConnectorGateway
    from taktora.connectors.process_attributes import ProcessAttributes

__all__ = ["add_to"]

_EXAMPLES = """\
examples:
  taktora check lab.toml                 first: is the file as it should be?
  taktora gateway lab.toml               until Ctrl-C
  taktora gateway lab.toml --stats --log-level info
  taktora gateway bus.toml --fifo-priority 80 --cpus 1 --lock-memory --freeze-gc

It says on standard error what becomes of each connector. Plug-ins of other processes in the same
domain see it, too: ConnectorHost.from_file("lab.toml"). When this process is gone, they are down;
when it is back, they are up again by themselves.

exit codes:
  0  it ran to its end, or was ended by Ctrl-C, SIGTERM or SIGHUP
  1  something of it failed
  2  nothing ran: wrong usage, mistakes in the file, or another gateway serves the same name
"""


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "gateway",
        help="run the gateways that a connectors file describes",
        description="Run the gateways of a connectors file until Ctrl-C: they connect to the world\n"
        "outside, again and again if need be, and carry what plug-ins of other processes send and read.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help="connectors file, .toml or .json")
    parser.add_argument(
        "--workers",
        type=workers,
        default=0,
        metavar="N",
        help="threads that run gateways (default: 0, all on one thread)",
    )
    parser.add_argument(
        "--for", type=seconds, dest="seconds", metavar="SECONDS", help="end after this time"
    )
    parser.add_argument(
        "--domain",
        help="instead of the file's (default of that: TAKTORA_DOMAIN, else iceoryx2's own)",
    )
    parser.add_argument(
        "--log-level",
        type=str.lower,
        choices=LOG_LEVELS,
        metavar="LEVEL",
        help=f"of Python's, taktora's and iceoryx2's log: {', '.join(LOG_LEVELS)}",
    )
    parser.add_argument(
        "--stats",
        action="store_true",
        help="show numbers of items and ports: see taktora run --help",
    )
    asks = parser.add_argument_group("what the process asks for, instead of the file's [process]")
    asks.add_argument(
        "--fifo-priority", type=int, metavar="N", help="SCHED_FIFO priority, 1 (lowest) to 99"
    )
    asks.add_argument("--cpus", type=cpus, metavar="N,...", help="processors that it may run on")
    asks.add_argument(
        "--lock-memory", action="store_const", const=True, help="keep all of it in memory"
    )
    asks.add_argument(
        "--freeze-gc",
        action="store_const",
        const=True,
        help="have the garbage collector pass over what there is at the start",
    )
    parser.set_defaults(command=gateway)


def gateway(options: argparse.Namespace) -> int:
    """The command; its exit code.

    Raises:
        CommandError: nothing ran, or a gateway failed.
        KeyboardInterrupt: a second Ctrl-C.
    """
    ending = Ending()
    show = choose_show(sys.stdout, os.environ.get("TERM", ""), _say) if options.stats else None
    try:
        with ending.on_signals(), show.beside() if show else nullcontext():
            log_to_stderr(options.log_level)
            if options.log_level is None:
                logging.getLogger("taktora.connectors").setLevel(logging.INFO)
            with _opened(options) as host:
                _ask(host.process, options)
                _say(f"serving {_served(host)}")
                drive(host.executor, options.seconds, show, ending)
    except Interrupted:
        pass
    return 0


def _opened(options: argparse.Namespace) -> ConnectorGateway:
    from taktora.connectors.gateway_host import ConnectorGateway

    more = {} if options.domain is None else {"domain": options.domain}
    try:
        return ConnectorGateway.from_file(options.file, worker_threads=options.workers, **more)
    except TaktoraError as error:
        raise CommandError(str(error), REFUSED) from error


def _ask(process: ProcessAttributes, options: argparse.Namespace) -> None:
    names = ("fifo_priority", "cpus", "lock_memory", "freeze_gc")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    try:
        wanted = evolve(process, **given)
        if wanted.fifo_priority is not None and options.workers:
            raise InvalidArgument(
                "fifo_priority is for one thread that runs every gateway: leave --workers out"
            )
        wanted.apply()
    except TaktoraError as error:
        raise CommandError(str(error), REFUSED) from error


def _served(host: ConnectorGateway) -> str:
    return ", ".join(
        f"{name} ({kind})"
        for name, kind in (
            (one.name, type(one).__name__.removesuffix("Connector").lower())
            for one in host.connectors.values()
        )
    )


def _say(text: str) -> None:
    print(f"taktora gateway: {text}", file=sys.stderr)
