"""An EtherCAT segment for a test: SubDevices that answer on a network interface, without hardware::

    with simulated_segment([{"type": "digital-out", "channels": 8}]) as segment:
        options = EthercatOptions(segment.nic)
        ...
        assert segment.outputs(1) == bytes([1])

The thread that enters the ``with`` block is in a network of its own inside it: two interfaces with a
cable between them, and a process of its own that simulates the SubDevices at the far end. Threads and
processes that are started inside are in that network, too. Whatever becomes of the test, nothing of
it is left. It needs root: :func:`cannot_simulate` says why it cannot be done here.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Final

from attrs import frozen

from taktora.connectors.ethercat.bus import AlState
from taktora.errors import TaktoraError
from taktora.segment.control import pack, unpack
from taktora.testing.namespaces import cannot_simulate, own_network
from taktora.testing.veth import remove, set_up, veth_pair

__all__ = [
    "SegmentFailed",
    "SegmentState",
    "SimulatedSegment",
    "cannot_simulate",
    "segment_here",
    "simulated_segment",
]

_NEAR: Final = "ecat0"
_FAR: Final = "ecat1"
_PATIENCE: Final = 30.0
"""Seconds for what takes milliseconds, on a machine that does other things."""

Table = Mapping[str, Any]
"""What a segment file has under ``[[subdevices]]`` or ``[[faults]]``."""


class SegmentFailed(TaktoraError):
    """The simulator has ended by itself, or cannot do what it was asked to."""


@frozen
class SegmentState:
    """One SubDevice, seen from inside."""

    position: int
    name: str
    state: AlState
    error: bool
    al_status: int


class SimulatedSegment:
    """A running simulator. Any thread. Made by :func:`simulated_segment`."""

    def __init__(
        self, process: subprocess.Popen[bytes], control: socket.socket, log: IO[bytes]
    ) -> None:
        self.nic = _NEAR
        """The MainDevice's interface."""
        self.pid = process.pid
        """Of the simulator."""
        self._process = process
        self._control = control
        self._log = log
        self._rest = b""
        self._lock = threading.Lock()
        self._answer()

    def outputs(self, position: int) -> bytes:
        """The outputs that were written last to the SubDevice at ``position``, from 1."""
        found: bytes = self.ask("outputs", position)
        return found

    def inputs(self, position: int) -> bytes:
        """The inputs that the next frame takes from it."""
        found: bytes = self.ask("inputs", position)
        return found

    def register(self, position: int, address: int, length: int = 2) -> int:
        """Registers of its controller as a number, lowest byte first."""
        return int.from_bytes(self.ask("register", position, address, length), "little")

    def states(self) -> tuple[SegmentState, ...]:
        """All SubDevices, whether they are reached or not."""
        return tuple(
            SegmentState(
                one["position"], one["name"], AlState(one["state"]), one["error"], one["al_status"]
            )
            for one in self.ask("states")
        )

    def statistics(self) -> dict[str, int]:
        """Frames that came, were answered, were lost: since the start."""
        found: dict[str, int] = self.ask("statistics")
        return found

    def call(self, position: int, method: str, *arguments: Any) -> Any:
        """Call a method of the device there, or of an attribute of it: ``"inputs.load", b"1"``.

        Arguments and what it returns are what JSON has, and bytes.
        """
        return self.ask("call", position, method, *arguments)

    def ask(self, do: str, *arguments: Any, **named: Any) -> Any:
        """Any request that :mod:`taktora.segment.control` has.

        Raises:
            SegmentFailed: it cannot be done, or the simulator has ended.
        """
        with self._lock:
            try:
                self._control.sendall(pack({"do": do, "args": arguments, "kwargs": named}))
            except OSError as error:
                raise self._ended() from error
            return self._answer()

    def fault(self, kind: str, **details: Any) -> int:
        """Let a fault happen now, with what a segment file may say of it; its number.

        ``segment.fault("cable-out", subdevice=2, lasts="50 ms")``; times may be numbers of seconds.

        Raises:
            SegmentFailed: with all that is wrong with it.
        """
        number: int = self.ask("begin", kind, **details)
        return number

    def heal(self, number: int | None = None) -> None:
        """End the fault of that number, or all that :meth:`fault` has begun."""
        self.ask("end", number)

    def power_cycle(self, position: int) -> None:
        """Switch it off and on between two frames: it has forgotten everything but its EEPROM."""
        self.ask("power-cycle", position)

    def lose(self, frames: int) -> None:
        """The next so many frames get lost, every other one on its way back."""
        self.ask("lose", frames)

    def kill(self) -> None:
        """End the simulator as a crash would: nothing answers any more."""
        self._process.kill()
        self._process.wait()

    def unplug(self) -> None:
        """Take the link of the interface away. In the thread that made the segment."""
        set_up(_FAR, up=False)

    def plug(self) -> None:
        """Give it back. In the thread that made the segment."""
        set_up(_FAR)

    def remove(self) -> None:
        """Remove the interfaces. In the thread that made the segment."""
        remove(_NEAR)

    def _answer(self) -> Any:
        while b"\n" not in self._rest:
            try:
                data = self._control.recv(1 << 16)
            except ConnectionError:
                data = b""
            if not data:
                raise self._ended()
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        answer = json.loads(line)
        if "error" in answer:
            raise SegmentFailed(f"{answer['type']}: {answer['error']}")
        return unpack(answer["is"])

    def _ended(self) -> SegmentFailed:
        code = self._process.wait(_PATIENCE)
        self._log.seek(0)
        said = self._log.read().decode(errors="replace").strip()
        return SegmentFailed(f"the simulator has ended with exit code {code}:\n{said}")

    def end(self) -> None:
        """Let it end, and wait until it has."""
        self._control.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise SegmentFailed(
                "the simulator did not end when its control socket closed"
            ) from None


@contextmanager
def simulated_segment(
    subdevices: int | Sequence[Table] | str | os.PathLike[str], faults: Sequence[Table] = ()
) -> Iterator[SimulatedSegment]:
    """A segment in a network of its own, which this thread is in meanwhile.

    Args:
        subdevices: tables as in a segment file; so many SubDevices that give 4 bytes back; or the
            path of a segment file.
        faults: tables as in a segment file; not with a path.

    Raises:
        SegmentFailed: mistakes in what is described, each at its path; or it could not begin.
        PermissionError: not root.
    """
    with own_network(), segment_here(subdevices, faults) as segment:
        yield segment


@contextmanager
def segment_here(
    subdevices: int | Sequence[Table] | str | os.PathLike[str], faults: Sequence[Table] = ()
) -> Iterator[SimulatedSegment]:
    """A segment in the network that this thread is in: another one after :meth:`SimulatedSegment.remove`.

    Inside a ``with`` block of :func:`simulated_segment`; arguments and errors as there.
    """
    with ExitStack() as folders:
        veth_pair(_NEAR, _FAR)
        folder = folders.enter_context(tempfile.TemporaryDirectory(prefix="taktora-segment-"))
        with _started(_file(subdevices, faults, Path(folder))) as segment:
            folders.close()  # the simulator has read it
            yield segment


def _file(subdevices: Any, faults: Sequence[Table], folder: Path) -> Path:
    if isinstance(subdevices, str | os.PathLike):
        return Path(subdevices)
    tables = (
        [{"type": "loopback", "count": subdevices}] if isinstance(subdevices, int) else subdevices
    )
    file = folder / "segment.json"
    file.write_text(json.dumps({"subdevices": list(tables), "faults": list(faults)}))
    return file


@contextmanager
def _started(file: Path) -> Iterator[SimulatedSegment]:
    ours, theirs = socket.socketpair()
    ours.settimeout(_PATIENCE)
    paths = os.pathsep.join(filter(None, sys.path))
    with tempfile.TemporaryFile() as log, ours:
        with theirs:
            process = subprocess.Popen(  # noqa: S603  # our own interpreter
                [
                    sys.executable,
                    *("-m", "taktora.segment.process"),
                    *(str(file), _FAR, str(theirs.fileno()), str(os.getpid())),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # a Ctrl-C is for the test, which ends it
                env={**os.environ, "PYTHONPATH": paths},
            )
        try:
            segment = SimulatedSegment(process, ours, log)
            yield segment
            segment.end()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
