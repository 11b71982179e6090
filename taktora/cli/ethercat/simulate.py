"""``taktora ethercat simulate``: SubDevices that answer on a network interface, without hardware."""

from __future__ import annotations

import argparse
import sys
import threading
from collections import Counter
from time import monotonic
from typing import TYPE_CHECKING

from taktora.cli.driving import log_to_stderr
from taktora.cli.ending import REFUSED, CommandError, Ending, Interrupted
from taktora.cli.options import seconds
from taktora.cli.saying import say
from taktora.errors import BusError, InvalidConfig

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from taktora.segment.simulator import Simulator
    from taktora.segment.wire import Wire

__all__ = ["add_to"]

_EXAMPLES = """\
a segment file:
  [[subdevices]]
  type = "digital-out"      or coupler, digital-in, analog-in, analog-out, loopback, axis,
  channels = 8              or a Python class of your own: "module:Class"

  [[faults]]                frame-loss, delay, cable-out, power-cycle, al-error, emergency,
  kind = "cable-out"        stuck-mailbox, wrong-working-counter
  subdevice = 1
  at = "5 s"
  lasts = "50 ms"

examples:
  sudo ip link add veth0 type veth peer name veth1        two interfaces with a cable between them
  sudo ip link set veth0 up; sudo ip link set veth1 up
  taktora ethercat simulate segment.toml --nic veth1      the SubDevices; until Ctrl-C
  taktora ethercat scan --nic veth0                       a MainDevice, in another terminal

It needs CAP_NET_RAW: run it as root, or give that to this Python; the message says how. It says on
standard output when it is ready, and at the end what has come by.

exit codes:
  0  it ran until it was told to end
  1  something of it failed
  2  nothing ran: wrong usage, mistakes in the file, an interface that cannot be used
"""

_PERIOD = 1.0
_STATES = {1: "INIT", 2: "PRE-OP", 3: "BOOT", 4: "SAFE-OP", 8: "OP"}


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "simulate",
        help="simulate the SubDevices of a segment file on a network interface",
        description="Answer on a network interface as the SubDevices of a segment file would: any\n"
        "EtherCAT MainDevice at the other end of the cable, or of a veth pair, can drive them.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help="segment file, .toml or .json")
    parser.add_argument("--nic", required=True, metavar="NAME", help="interface, such as veth1")
    parser.add_argument(
        "--for", type=seconds, dest="seconds", metavar="SECONDS", help="end after this time"
    )
    parser.add_argument(
        "--stats",
        action="store_true",
        help="say once a second what has come by, and how many are in which state",
    )
    parser.set_defaults(command=simulate, called="ethercat simulate")


def simulate(options: argparse.Namespace) -> int:
    """The command; its exit code.

    Raises:
        CommandError: nothing ran.
        KeyboardInterrupt: a second Ctrl-C.
    """
    from taktora.connectors.ethercat.nic import Nic
    from taktora.segment.config import load_segment
    from taktora.segment.process import serve

    ending = Ending()
    try:
        with ending.on_signals():
            log_to_stderr(None)  # what is wrong with devices of the user's own
            try:
                description = load_segment(options.file)
                nic = Nic(options.nic)
            except (InvalidConfig, BusError) as error:
                raise CommandError(str(error), REFUSED) from error
            with nic:
                course = _Course(options, ending)
                try:
                    simulator = serve(description, nic.name, ready=course.begin)
                finally:
                    course.end()
                say(f"ended: {told(simulator)}")
    except Interrupted:
        pass
    return 0


class _Course:
    """What happens beside the simulation: its numbers are shown, and it ends in time. One thread."""

    def __init__(self, options: argparse.Namespace, ending: Ending) -> None:
        self._options = options
        self._ending = ending
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, simulator: Simulator, wire: Wire) -> None:
        """Frames are about to be answered."""
        self._ending.stop = wire.stop
        kinds = Counter(one.table.type for one in simulator.description.subdevices)
        which = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        total = sum(kinds.values())
        say(f"ready: {total} SubDevice{'s' * (total != 1)} on {self._options.nic} ({which})")
        sys.stdout.flush()
        if self._options.stats or self._options.seconds is not None:
            self._thread = threading.Thread(
                target=self._main, args=(simulator, wire), name="taktora-simulate"
            )
            self._thread.start()

    def end(self) -> None:
        """The simulation is over."""
        self._ending.over()
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _main(self, simulator: Simulator, wire: Wire) -> None:
        limit = self._options.seconds
        end = None if limit is None else monotonic() + limit
        try:
            while end is None or monotonic() < end:
                wait = _PERIOD if end is None else min(_PERIOD, end - monotonic())
                if self._over.wait(max(wait, 0)):
                    return
                if self._options.stats:
                    say(told(simulator))
                    sys.stdout.flush()
        except BrokenPipeError:
            pass  # nobody reads on, as `head` does: the last line will find that, too, and say so
        finally:
            wire.stop()


def told(simulator: Simulator) -> str:
    """Its numbers in one line: ``1000 frames, 2 lost; 3 OP, 1 SAFE-OP (axis: 0x001B)``."""
    counted = simulator.statistics()
    states = simulator.states()
    present = Counter(_STATES.get(one.state, "?") for one in states)
    wrong = [f"{one.name}: 0x{one.al_status:04X}" for one in states if one.error]
    errors = f" ({', '.join(wrong)})" if wrong else ""
    numbers = [f"{counted['frames']} frames", f"{counted['lost']} lost"]
    numbers += [f"{counted[one]} {one}" for one in ("malformed", "foreign") if counted[one]]
    those = ", ".join(f"{count} {state}" for state, count in present.items())
    return f"{', '.join(numbers)}; {those}{errors}"
