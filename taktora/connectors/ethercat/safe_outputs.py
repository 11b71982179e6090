"""Outputs whose plug-in is gone, or silent: what is to be written in its place. Pure.

An output is *commanded* from its first value on, while somebody writes to its channel and, with
``safe_after``, values keep coming. When it no longer is, its safe value is due, once; the next value
ends that. An output that no value came for is left alone: after bring-up it is zero.
"""

from __future__ import annotations

from typing import Final

from attrs import define, frozen

from taktora.connectors.ethercat.routing import EthercatRouting
from taktora.time import NANOS_PER_SECOND, Nanos, to_nanos

__all__ = ["GRACE", "SafeOutputs", "SafeValue"]

GRACE: Final = NANOS_PER_SECOND
"""Values come before their writer is seen, and after it has gone: so long they count without one."""
_NEVER: Final = 1 << 63


@frozen
class SafeValue:
    """One output is to be made safe now."""

    channel: str
    bits: bytes | None
    """To be written into its field; ``None``: it stays as it is."""
    reason: str
    """Why, for people."""


@define
class _Output:
    channel: str
    bits: bytes | None
    patience: Nanos
    is_written: bool = False
    """Whether somebody is known to write to its channel."""
    since: Nanos | None = None
    """When the last value came; ``None``: it is not commanded."""

    def deadline(self) -> Nanos:
        """When it must be made safe if nothing happens until then."""
        if self.since is None:
            return _NEVER
        return self.since + (self.patience if self.is_written else min(self.patience, GRACE))


class SafeOutputs:
    """Knows which outputs are commanded. One thread; times are monotonic nanoseconds."""

    def __init__(self) -> None:
        self._outputs: dict[str, _Output] = {}
        self._safe: dict[str, str] = {}
        self._next = _NEVER  # no output is due before that
        self._ended = False

    def add(self, channel: str, routing: EthercatRouting) -> None:
        """From now on the output ``channel`` is watched; a second time changes nothing."""
        patience = _NEVER if routing.safe_after is None else to_nanos(routing.safe_after)
        self._outputs.setdefault(channel, _Output(channel, routing.safe_bits, patience))

    def wrote(self, channel: str, now: Nanos) -> bool:
        """A value came for it. ``False``: it must not be written, because the plug-in has ended."""
        if self._ended:
            return False
        one = self._outputs[channel]
        one.since = now
        self._next = min(self._next, one.deadline())
        if self._safe:
            self._safe.pop(channel, None)
        return True

    def writers_changed(self, channel: str, *, present: bool) -> list[SafeValue]:
        """The first writer of ``channel`` came, or the last one has gone."""
        one = self._outputs.get(channel)
        if one is None:
            return []
        one.is_written = present
        if present or one.since is None:
            return []
        return [self._make_safe(one, "nobody writes to it any more")]

    def plugin_gone(self) -> list[SafeValue]:
        """The plug-in's process has ended: nobody commands anything, from now on."""
        self._ended = True
        return [
            self._make_safe(one, "its plug-in has ended")
            for one in self._outputs.values()
            if one.since is not None
        ]

    def due(self, now: Nanos) -> list[SafeValue]:
        """Outputs whose values have stopped coming. Cheap when there are none: for each cycle."""
        if now < self._next:
            return []
        found = []
        for one in self._outputs.values():
            if one.since is not None and now >= one.deadline():
                silent = one.patience <= now - one.since
                reason = f"no value came for {(now - one.since) / 1e6:.0f} ms"
                found.append(self._make_safe(one, reason if silent else "nobody writes to it"))
        self._next = min((one.deadline() for one in self._outputs.values()), default=_NEVER)
        return found

    def forget_values(self) -> None:
        """The bus was brought up anew: its outputs are zero, and nobody has commanded them yet."""
        for one in self._outputs.values():
            one.since = None
        self._next = _NEVER
        self._safe.clear()

    @property
    def safe(self) -> dict[str, str]:
        """Outputs that were made safe and had no value since, and why."""
        return dict(self._safe)

    def _make_safe(self, one: _Output, reason: str) -> SafeValue:
        one.since = None
        self._safe[one.channel] = reason
        return SafeValue(one.channel, one.bits, reason)
