"""What all tools that take an interface have in common: the option, and errors that say what to do."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from taktora.cli.ending import FAILED, REFUSED, CommandError
from taktora.cli.ethercat.holder import in_use
from taktora.cli.progress import Progress, choose_progress, showing
from taktora.connectors.ethercat.nic import look_up
from taktora.connectors.ethercat.nic_lock import NicInUse
from taktora.errors import BusError, MissingExtra

if TYPE_CHECKING:
    from taktora.connectors.ethercat.bus import SubDeviceState
    from taktora.connectors.ethercat.bus_browser import BusBrowser

__all__ = [
    "WHERE_IS_IT",
    "add_nic",
    "browsing",
    "check_nic",
    "failures_told",
    "found_on",
    "nobody",
    "opened",
    "working",
]

WHERE_IS_IT: Final = (
    "is it the name in the gateway's file, is the gateway running, and is it in this --domain?"
)
"""Of a connector whose gateway gives no sign of life."""

_Opened = TypeVar("_Opened")


def add_nic(parser: argparse.ArgumentParser) -> None:
    """``--nic NIC``; that it is missing is told later, with a list of those there are."""
    parser.add_argument(
        "--nic", metavar="NIC", help="network interface of the bus; without it, they are listed"
    )


def check_nic(nic: str | None) -> str:
    """The interface, if there is one of that name.

    Raises:
        CommandError: it was not said, or there is none: with a list.
    """
    from taktora.cli.ethercat.interfaces import as_text, interfaces

    if nic is None:
        raise CommandError(
            f"say which network interface: --nic NAME\n{as_text(interfaces())}", REFUSED
        )
    try:
        look_up(nic)
    except BusError as error:
        raise CommandError(
            f"there is no network interface {nic!r}\n{as_text(interfaces())}", REFUSED
        ) from error
    return nic


def opened(make: Callable[[str], _Opened], nic: str) -> _Opened:
    """``make(nic)``, its errors told as what ends the command before anything ran."""
    try:
        return make(nic)
    except NicInUse as error:
        raise CommandError(in_use(nic, error.pid), REFUSED) from error
    except (BusError, MissingExtra) as error:
        raise CommandError(str(error), REFUSED) from error


@contextmanager
def browsing(options: argparse.Namespace) -> Iterator[BusBrowser]:
    """The bus of ``--nic``, for looking around.

    Raises:
        CommandError: it cannot be opened, or what was asked of it failed.
    """

    def browser(nic: str) -> BusBrowser:
        from taktora.connectors.ethercat.bus_browser import BusBrowser

        return BusBrowser(nic)

    with opened(browser, check_nic(options.nic)) as bus, failures_told():
        yield bus


@contextmanager
def failures_told() -> Iterator[None]:
    """What fails on the bus ends the command."""
    try:
        yield
    except BusError as error:
        raise CommandError(str(error), FAILED) from error


@contextmanager
def working(text: str, fraction: Callable[[], float | None] = lambda: None) -> Iterator[None]:
    """Something that may take a while: ``text`` on standard error, if that is a terminal."""
    with showing(lambda: Progress(fraction(), text), choose_progress(sys.stderr)):
        yield


def found_on(bus: BusBrowser, nic: str) -> tuple[SubDeviceState, ...]:
    """All that answer, in PRE-OP.

    Raises:
        CommandError: nobody does.
    """
    with working(f"looking for SubDevices on {nic}"):
        found = bus.find()
    if not found:
        raise CommandError(nobody(nic), FAILED)
    return found


def nobody(nic: str) -> str:
    """That no SubDevice answers, and what that may come from."""
    return (
        f"no SubDevice answers on {nic}: is the cable in, in the right socket (IN of the first "
        f"SubDevice), and are they switched on?"
    )
