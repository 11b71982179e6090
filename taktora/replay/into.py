"""Playing a recording into a simulation: what happened on the machine becomes a test."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Protocol

from taktora.errors import InvalidArgument
from taktora.replay.facts import Message
from taktora.replay.layouts import layout_of, value_maker
from taktora.replay.recording import Recording
from taktora.replay.window import FULL_SPEED, Window
from taktora.time import Duration, Nanos

__all__ = ["Playback", "Simulation", "play_into"]


class Simulation(Protocol):
    """What a recording can be played into: a ``SimulatedExecutor``."""

    @property
    def node(self) -> Any:
        """Opens channels."""

    @property
    def now_ns(self) -> Nanos:
        """The time there, in ns."""

    def at(self, when_ns: Nanos, action: Callable[[], object], /) -> object:
        """Have ``action()`` called at a time of the simulation."""


class Playback:
    """A recording that is being played into a simulation."""

    def __init__(
        self,
        simulation: Simulation,
        window: Window,
        publish: Mapping[str, Callable[[bytes], object]],
    ) -> None:
        self._simulation = simulation
        self._window = window
        self._publish = publish
        self._began = simulation.now_ns
        self._messages: Iterator[Message] = window.messages()
        self.count = 0
        """Messages published so far."""
        self.done = False
        """Whether all messages were published, or all that can be read."""
        self.end_ns: Nanos = self._began + round(window.length_ns / window.speed)
        """When the last message is due, by the simulation's clock."""
        self._schedule()

    def _schedule(self) -> None:
        message = next(self._messages, None)
        if message is None:
            self.done = True
            return

        def publish() -> None:
            self._publish[message.channel](message.data)
            self.count += 1
            self._schedule()

        self._simulation.at(self._began + self._window.due(message), publish)

    def __repr__(self) -> str:
        state = "done" if self.done else "playing"
        return f"<Playback of {self._window.recording.path}, {self.count} messages, {state}>"


def play_into(
    simulation: Simulation,
    recording: Recording,
    *,
    speed: float = 1.0,
    channels: Collection[str] | None = None,
    types: Mapping[str, Any] | None = None,
    start: Duration = 0,
    end: Duration | None = None,
) -> Playback:
    """Publish a recording on a simulation's channels, at the recorded times, from now on.

    Each message is an action at its time of the simulation, so a run with the same seed is the same
    each time. Messages are read as they become due: keep the recording open until then.

    Args:
        simulation: a ``SimulatedExecutor``.
        recording: what to play.
        speed: 2 is twice as fast.
        channels: names or patterns of those to play; ``None``: all.
        types: payload types by channel name. A channel without one is opened by its layout.
        start: seconds of the recording to leave out.
        end: seconds of the recording after which to stop.

    Raises:
        PayloadMismatch: a type that is not what was recorded, or not what the channel carries.
        InvalidArgument: no such channel, or a speed or time that cannot be.
    """
    window = Window(recording, channels, start=start, end=end, speed=speed)
    if window.speed == FULL_SPEED:
        raise InvalidArgument("a simulation needs no full speed: its time passes by itself")
    known = types or {}
    publish = {}
    for one in window.channels:
        payload_type = known.get(one.name)
        if payload_type is None:
            payload_type = layout_of(one)
        make = value_maker(one, payload_type)
        publisher = simulation.node.channel(one.name, payload_type).publisher()
        publish[one.name] = _sender(publisher, make)
    return Playback(simulation, window, publish)


def _sender(publisher: Any, make: Callable[[bytes], Any]) -> Callable[[bytes], object]:
    return lambda data: publisher.send_copy(make(data))
