"""``taktora ethercat states``: in which state SubDevices are, and taking them to another."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from taktora.cli.ending import FAILED, REFUSED, CommandError, Ending, Interrupted
from taktora.cli.ethercat.addressing import STATES, position, state
from taktora.cli.ethercat.opening import (
    add_nic,
    browsing,
    check_nic,
    failures_told,
    found_on,
    nobody,
    opened,
    working,
)
from taktora.cli.ethercat.states_told import Telling, Time
from taktora.cli.options import seconds
from taktora.connectors.ethercat.bus import AlState, SubDeviceState
from taktora.connectors.ethercat.raw_bus import RawBus

if TYPE_CHECKING:
    from argparse import _SubParsersAction

__all__ = ["add_to", "needs_setting_up"]

_EXAMPLES = """\
examples:
  taktora ethercat states --nic eth1                  as they are; nothing changes
  taktora ethercat states --nic eth1 --watch          until Ctrl-C, each change as it is seen
  taktora ethercat states --nic eth1 --set safe-op 2 3
  taktora ethercat states --nic eth1 --set op         as long as it runs

--set acknowledges errors. Downwards it asks only the SubDevices that are meant. Upwards it sets the
whole bus up: all are taken through INIT to PRE-OP, and those that are meant further. OP needs process
data, so that is held until Ctrl-C or --for, with outputs all zero, and then goes back to SAFE-OP.

exit codes:
  0  looked, or they are in the state that was asked for
  1  nobody answers, not all got there, or something failed
  2  nothing was done: wrong usage, no such interface, no right to send raw frames, or somebody
     drives the interface
"""


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "states",
        help="show, and set, the states of SubDevices",
        description="Show the states of SubDevices (INIT, PRE-OP, SAFE-OP, OP) and why they have an\n"
        "error; take them to another state.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "positions", metavar="POSITION", type=position, nargs="*", help="only these (default: all)"
    )
    add_nic(parser)
    parser.add_argument(
        "--set", type=state, metavar="STATE", dest="wanted", help=f"one of {', '.join(STATES)}"
    )
    parser.add_argument("--watch", action="store_true", help="go on, and tell each change")
    parser.add_argument(
        "--for", type=seconds, dest="seconds", metavar="SECONDS", help="watch, or hold OP, so long"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, of each change on a line")
    parser.set_defaults(command=states, called="ethercat states")


def states(options: argparse.Namespace) -> int:
    """The command; its exit code.

    Raises:
        CommandError: nobody answers, or not all got where they were to be.
    """
    if options.seconds is not None and not options.watch and options.wanted is not AlState.OP:
        raise CommandError("--for is for --watch, or --set op", REFUSED)
    ending = Ending()
    try:
        with ending.on_signals():
            nic = check_nic(options.nic)
            if options.wanted is None or not _set_by_asking(options, nic, ending):
                _look(options, nic, ending) if options.wanted is None else _set_up(options, ending)
    except Interrupted:
        pass
    return 0


def needs_setting_up(wanted: AlState, those: Sequence[SubDeviceState]) -> bool:
    """Whether more than a request is needed: mailboxes or process data are to be set up. Pure."""
    if wanted is AlState.OP:
        return True
    return wanted is not AlState.INIT and any(
        one.state < wanted or one.state is AlState.BOOT for one in those
    )


def _look(options: argparse.Namespace, nic: str, ending: Ending) -> None:
    with opened(RawBus, nic) as bus, failures_told():
        found = _chosen(bus.states(), options.positions, nic)
        telling = Telling(found, as_json=options.json)
        if options.watch:
            telling.follow(bus.states, Time(options.seconds, ending))


def _set_by_asking(options: argparse.Namespace, nic: str, ending: Ending) -> bool:
    """Whether a request was all that was needed."""
    with opened(RawBus, nic) as bus, failures_told():
        before = _chosen(bus.states(), options.positions, nic)
        if needs_setting_up(options.wanted, before):
            return False
        positions = [one.position for one in before]
        found = _only(bus.request(options.wanted, positions), positions)
        telling = Telling(found, as_json=options.json)
        _check_all(options.wanted, found)
        if options.watch:
            telling.follow(bus.states, Time(options.seconds, ending))
    return True


def _set_up(options: argparse.Namespace, ending: Ending) -> None:
    wanted = options.wanted
    with browsing(options) as bus:
        positions = [
            one.position for one in _chosen(found_on(bus, options.nic), options.positions, "")
        ]
        if wanted is not AlState.PRE_OP:
            with working("mapping process data"):
                if problem := bus.map():
                    raise CommandError(f"process data could not be mapped: {problem}", FAILED)
            found = _only(bus.request(AlState.SAFE_OP, positions), positions)
            ready = [
                one.position for one in found if one.state is AlState.SAFE_OP and not one.error
            ]
        if wanted is AlState.OP:
            telling = Telling((), as_json=options.json)
            limit = "" if options.seconds is None else f"for {options.seconds:g} s, or "
            print(f"taktora ethercat states: OP {limit}until Ctrl-C", file=sys.stderr)
            found = telling.hold(bus, positions, ready, Time(options.seconds, ending))
            _check_all(wanted, found)
            return
        found = _only(bus.states(), positions)
        telling = Telling(found, as_json=options.json)
        _check_all(wanted, found)
        if options.watch:
            telling.follow(bus.states, Time(options.seconds, ending))


def _chosen(
    found: Sequence[SubDeviceState], positions: Sequence[int], nic: str
) -> tuple[SubDeviceState, ...]:
    if not found:
        raise CommandError(nobody(nic), FAILED)
    for one in positions:
        if one > len(found):
            raise CommandError(f"there is no SubDevice {one}; there are {len(found)}", FAILED)
    return _only(found, positions or range(1, len(found) + 1))


def _only(
    found: Sequence[SubDeviceState], positions: Collection[int]
) -> tuple[SubDeviceState, ...]:
    return tuple(one for one in found if one.position in positions)


def _check_all(wanted: AlState, found: Sequence[SubDeviceState]) -> None:
    others = [str(one.position) for one in found if one.error or one.state is not wanted]
    if others:
        which = f"SubDevice{'' if len(others) == 1 else 's'} {', '.join(others)}"
        raise CommandError(f"not in {wanted.label}: {which}", FAILED)
