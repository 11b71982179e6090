"""A plug-in, its bus in a process of its own, and the simulated segment at the far end of the wire."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Self

from taktora import Executor, Runner
from taktora.connectors import BackPressure, ChannelDescriptor, ConnectorDown, ExponentialBackoff
from taktora.connectors.ethercat import (
    Direction,
    EthercatConnector,
    EthercatOptions,
    EthercatRouting,
    SubDeviceMap,
)
from taktora.testing.ethercat import SimulatedSegment, segment_here, simulated_segment

LIMIT = 30.0
"""Seconds for what takes a fraction of one, on a machine that does other things."""
PATIENCE = {"cycle_time": 0.001, "frame_timeout": 0.02}
"""A frame that the simulator answers late, because the machine is busy, is not lost."""
LOOP = {"type": "loopback", "bytes": 4}
LAMPS = {"type": "digital-out", "channels": 8}


def output(name: str, subdevice: int | str, offset: int, length: int = 1, **more: Any) -> Any:
    """Bits that the SubDevice receives."""
    return ChannelDescriptor(name, EthercatRouting(subdevice, Direction.RX, offset, length, **more))


def input_(name: str, subdevice: int | str, offset: int, length: int = 1, **more: Any) -> Any:
    """Bits that the SubDevice transmits."""
    return ChannelDescriptor(name, EthercatRouting(subdevice, Direction.TX, offset, length, **more))


OUTPUTS = (
    output("zero", 1, 0, 8),
    output("hold", 1, 8, 8, safe="hold"),
    output("value", 1, 16, 8, safe=0x3C),
)
"""What plugin.py commands, and what is to become of it when nobody does any more."""
COMMANDED, SAFE = bytes([0xA5, 0xA5, 0xA5, 0]), bytes([0, 0xA5, 0x3C, 0])


def eventually(condition: Callable[[], Any], what: str, limit: float = LIMIT) -> Any:
    """What it returns once that is true."""
    end = time.monotonic() + limit
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {limit:g} s: {what}"
        time.sleep(0.002)
    return found


def refused(writer: Any) -> bool:
    """Whether it is down, as its writers see it."""
    try:
        writer.send(1)
    except ConnectorDown:
        return True
    except BackPressure:  # an attempt is under way, and what is sent waits
        pass
    return False


class Line:
    """Everything from the plug-in to the SubDevices."""

    def __init__(
        self,
        domain: str,
        subdevices: int | list[dict[str, Any]],
        *,
        common: dict[str, Any] | None = None,
        maps: tuple[SubDeviceMap, ...] = (),
        **more: Any,
    ) -> None:
        self._stack = ExitStack()
        try:
            self.segment: SimulatedSegment = self._stack.enter_context(
                simulated_segment(subdevices)
            )
            self.executor = self._stack.enter_context(Executor(domain=domain))
            self.bus = EthercatConnector(
                "bus",
                options=EthercatOptions(
                    self.segment.nic, **{**PATIENCE, "subdevices": maps, **more}
                ),
                node=self.executor,
                reconnect=ExponentialBackoff(0.05, 0.2),
                **(common or {}),
            )
            self._stack.callback(self.bus.close)
            self.health = self.bus.subscribe_health(1024)
            self.path: list[str] = []
            self.reasons: list[str] = []
            self.said: list[str] = []
            """Reasons of what :meth:`until` has seen."""
            self.statistics = self.bus.create_statistics_reader()
            self._stack.enter_context(Runner(self.executor))
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.__exit__(None, None, None)

    def follow(self) -> list[str]:
        """Where health has been so far."""
        for event in self.health:
            self.path.append(type(event.to).__name__)
            self.reasons.append(getattr(event.to, "reason", ""))
        return self.path

    def until(self, *path: str, limit: float = LIMIT) -> None:
        """Health goes through these, in this order, with whatever in between; then they are forgotten."""

        def passed() -> bool:
            left = list(path)
            for state in self.follow():
                if left and state == left[0]:
                    del left[0]
            return not left

        eventually(passed, f"{' -> '.join(path)}, but {self.path} {self.reasons}", limit)
        self.said, self.path, self.reasons = self.reasons, [], []

    def up(self) -> Self:
        """Begin; with the ports that were made before."""
        self.bus.register_with(self.executor)
        self.until("Up")
        return self

    def writer(self, *where: Any, type: Any = int, **routing: Any) -> Any:
        """Of an output."""
        return self.bus.create_writer(output(*where, **routing), type)

    def reader(self, *where: Any, type: Any = int, **routing: Any) -> Any:
        """Of an input."""
        return self.bus.create_reader(input_(*where, **routing), type)

    def gets(self, reader: Any, value: Any, limit: float = LIMIT) -> None:
        """The reader gets this value, sooner or later."""
        eventually(lambda: any(one.value == value for one in reader), f"{value!r} arrives", limit)

    def outputs(self) -> list[bytes]:
        """Of each SubDevice, as they were written last."""
        return [self.segment.outputs(one.position) for one in self.segment.states()]

    def latest(self) -> Any:
        """The newest statistics; waits for some."""
        found = eventually(lambda: list(self.statistics), "statistics come")
        return found[-1].value

    def counted(self, condition: Callable[[Any], Any]) -> Any:
        """The first statistics of which that is true."""
        return eventually(
            lambda: next((one.value for one in self.statistics if condition(one.value)), None),
            "statistics say so",
        )

    def another_segment(self, subdevices: list[dict[str, Any]]) -> None:
        """After the interfaces were removed: new ones of the same names, and a segment at them."""
        self.segment = self._stack.enter_context(segment_here(subdevices))

    def kill_gateway(self) -> int:
        """As a crash would; its process id."""
        pid: int = self.bus._watcher.pid
        os.kill(pid, signal.SIGKILL)
        return pid
