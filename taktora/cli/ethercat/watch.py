"""``taktora ethercat watch``: a bus while it runs."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from attrs import evolve

from taktora.cli.driving import drive, log_to_stderr
from taktora.cli.ending import FAILED, REFUSED, CommandError, Ending, Interrupted
from taktora.cli.ethercat.opening import WHERE_IS_IT, check_nic, opened
from taktora.cli.ethercat.watch_thread import choose_show, looking
from taktora.cli.options import LOG_LEVELS, seconds
from taktora.connectors.ethercat.nic import Nic
from taktora.connectors.ethercat.options import EthercatOptions
from taktora.errors import TaktoraError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from taktora.cli.ethercat.watch_view import View
    from taktora.connectors.descriptor import ChannelDescriptor
    from taktora.connectors.resolving import ResolvedConnector
    from taktora.executor import Executor

    Channels = Mapping[str, ChannelDescriptor[Any]]

__all__ = ["add_to"]

_EXAMPLES = """\
examples:
  taktora ethercat watch --nic eth1                   run the bus, and see images as bytes
  taktora ethercat watch --nic eth1 --file lab.toml   run it as the file says, see its channels
  taktora ethercat watch lab                          the bus of a gateway that runs
  taktora ethercat watch lab --file lab.toml          the same, and what its bits stand for

With --nic the bus is taken to OP, with all outputs safe (zero, or as the file says), and to INIT at
the end; nothing else may drive it. With NAME a gateway drives it, which notices nothing; it is that
of "taktora gateway FILE" with a connector of that name, in the same domain.

late: how long after its time a cycle began; exchange: how long it took. Both in microseconds: half of
the cycles, 99 % of them, all of them.

exit codes:
  0  it was up, and ended by --for, Ctrl-C, SIGTERM or SIGHUP
  1  it was never up
  2  nothing ran: wrong usage, no such interface, no right to send raw frames, somebody drives the
     interface, or mistakes in the file
"""


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "watch",
        help="see a bus while it runs: health, counters, states, values",
        description="See a bus while it runs: health, working counter, lost frames, lateness, the\n"
        "states of SubDevices and their values.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="?",
        help="connector of a gateway that runs; with --nic, in FILE",
    )
    parser.add_argument(
        "--nic", metavar="NIC", help="run the bus of this network interface, instead of a gateway"
    )
    parser.add_argument("--file", metavar="FILE", help="connectors file that says what bits are")
    parser.add_argument(
        "--domain", help="of the gateway (default: the file's, else TAKTORA_DOMAIN)"
    )
    parser.add_argument(
        "--for", type=seconds, dest="seconds", metavar="SECONDS", help="end after this time"
    )
    parser.add_argument(
        "--log-level",
        type=str.lower,
        choices=LOG_LEVELS,
        metavar="LEVEL",
        help=f"one of {', '.join(LOG_LEVELS)}",
    )
    parser.set_defaults(command=watch, called="ethercat watch")


class _Bus(Protocol):
    executor: Executor
    was_up: bool

    def read(self) -> View: ...


def watch(options: argparse.Namespace) -> int:
    """The command; its exit code.

    Raises:
        CommandError: nothing ran, or the bus was never up.
    """
    ending = Ending()
    show = choose_show(sys.stdout, os.environ.get("TERM", ""), _say)
    try:
        with (
            ending.on_signals(),
            show.beside(),
            _log(options.log_level),
            _opened(options) as bus,
        ):
            with looking(bus.read, show, bus.executor.stop):
                drive(bus.executor, options.seconds, None, ending)
            if not bus.was_up:
                view = bus.read()
                is_unheard = options.nic is None and view.statistics is None
                hint = f"\n{WHERE_IS_IT}" if is_unheard else ""
                raise CommandError(f"it was never up; it is {view.health}{hint}", FAILED)
    except Interrupted:
        pass
    return 0


@contextmanager
def _log(level: str | None) -> Iterator[None]:
    """Unless asked for, connectors say nothing of their health: that is shown."""
    log_to_stderr(level)
    connectors = logging.getLogger("taktora.connectors")
    before = connectors.level
    if level is None:
        connectors.setLevel(logging.ERROR)
    try:
        yield
    finally:
        connectors.setLevel(before)


@contextmanager
def _opened(options: argparse.Namespace) -> Iterator[_Bus]:
    if options.nic is None and options.name is None:
        check_nic(None)
    its, domain = _from_file(options) if options.file is not None else (None, None)
    channels = {one.descriptor.name: one.descriptor for one in its.channels} if its else {}
    try:
        if options.nic is None:
            from taktora.cli.ethercat.watch_gateway import gateway_bus

            with gateway_bus(options.name, options.domain or domain, channels) as gateway:
                yield gateway
            return
        bus_options = _options(check_nic(options.nic), its)
        from taktora.cli.ethercat.watch_own import own_bus

        opened(Nic, options.nic).close()  # what is in the way is told at once, and not retried
        with own_bus(bus_options, channels) as own:
            yield own
    except TaktoraError as error:
        raise CommandError(str(error), REFUSED) from error


def _options(nic: str, its: ResolvedConnector | None) -> EthercatOptions:
    if its is None:
        return EthercatOptions(nic)
    found: EthercatOptions = evolve(its.options, network_interface=nic)
    return found


def _from_file(options: argparse.Namespace) -> tuple[ResolvedConnector, str | None]:
    from taktora.connectors.ethercat.connector import EthercatConnector
    from taktora.connectors.resolving import load_connectors

    try:
        file = load_connectors(options.file)
    except TaktoraError as error:
        raise CommandError(str(error), REFUSED) from error
    there = {
        one.settings.name: one for one in file.connectors if issubclass(one.kind, EthercatConnector)
    }
    if options.name is not None and options.name in there:
        return there[options.name], file.domain
    if options.name is None and len(there) == 1:
        return next(iter(there.values())), file.domain
    known = ", ".join(there) or "none"
    wanted = "say which connector" if options.name is None else f"no connector {options.name!r}"
    raise CommandError(f"{options.file}: {wanted}; of EtherCAT there are: {known}", REFUSED)


def _say(text: str) -> None:
    print(f"taktora ethercat watch: {text}", file=sys.stderr)
