"""Writes the trace of a simulation while it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from taktora.core.commands import Clear, Command, Execute, Forget, Restart, Stop, Trip
from taktora.core.mailbox import Wake
from taktora.core.stimuli import Failed, Stimulus
from taktora.drivers.virtual import Entry, VirtualDriver
from taktora.testing.trace import Event, Trace

__all__ = ["Journal"]

_NONE: Final[tuple[str, ...]] = ()


class Journal:
    """Appends to one trace. Called for every step: what is cheap to say is said at once."""

    def __init__(self, driver: VirtualDriver, title: str) -> None:
        self._driver = driver
        self.trace = Trace(title=title)
        self._append = self.trace.events.append

    def note(self, kind: str, who: str = "", what: str = "") -> None:
        """Something happened now."""
        self._append(Event(self._driver.now, kind, who, what))

    def chose(self, kind: str, labels: Sequence[str], index: int) -> None:
        """A choice was made that is no step."""
        self._append(Event(self._driver.now, kind, labels[index], "", index, tuple(labels)))

    def stepped(self, entry: Entry, labels: Sequence[str], index: int) -> None:
        """Somebody is about to go."""
        cell: Any = entry.cell
        if not entry.ends:
            kind, what = "run", why(cell.inbox.head)
        else:
            kind, what = "done", ""
        self._append(
            Event(
                self._driver.now,
                kind,
                str(cell.actor_id),
                what,
                index,
                tuple(labels) if labels else _NONE,
            )
        )

    def handled(self, stimulus: Stimulus, commands: tuple[Command, ...]) -> None:
        """The scheduler was told something; most of that is no news."""
        if type(stimulus) is Failed:
            error = stimulus.error
            self.note("failed", str(stimulus.actor_id), f"{type(error).__name__}: {error}")
        for command in commands:
            kind = type(command)
            if kind is Execute:
                continue
            if isinstance(command, Stop | Forget):
                self.note("stopped", str(command.actor_id))
            elif isinstance(command, Restart):
                self.note("restart", str(command.actor_id))
            elif isinstance(command, Trip):
                self.note("faulted", str(command.actor_id or "executor"), str(command.fault))
            elif isinstance(command, Clear):
                self.note("cleared", str(command.actor_id or "executor"))


def why(head: Any) -> str:
    """What wakes an actor, in a word or two."""
    if type(head) is Wake:
        return ", ".join(describe(fired) for fired in head.fired)
    if head is None:
        return "its turn"
    return f"message {_short(head[0])}"


def describe(fired: Any) -> str:
    """One trigger in words."""
    kind: str = fired.kind
    if kind in ("subscriber", "server", "client", "deadline_missed"):
        return f"{kind} {getattr(fired.source, 'name', '?')!r}"
    if kind == "predecessor":
        return f"after {str(fired.source)!r}"
    if kind == "message":
        return f"message {_short(fired.source)}"
    return kind


def _short(message: Any) -> str:
    """A message in a few words, without anything that differs from process to process."""
    if isinstance(message, str | int | float | bool | bytes | type(None)):
        text = repr(message)
        return text if len(text) <= 40 else f"{text[:37]}..."
    return type(message).__name__
