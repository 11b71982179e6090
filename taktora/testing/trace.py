"""What happened in a simulation, event by event: readable, comparable, and enough to repeat it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from taktora.errors import InvalidArgument
from taktora.testing.schedules import format_schedule
from taktora.time import Nanos

__all__ = ["OPERATIONS", "Event", "Trace"]

OPERATIONS: Final = frozenset(
    {
        "advance",
        "ask",
        "begin",
        "end",
        "go",
        "idle",
        "inject",
        "publish",
        "request",
        "respond",
        "step",
        "stop",
        "takes",
        "tell",
    }
)
"""Kinds of events that came from outside: what a replay does again. All others followed from them."""

_FORMAT: Final = "taktora trace 1"


class Event(NamedTuple):
    """One thing that happened."""

    at: Nanos
    """Virtual time, nanoseconds since the simulation began."""
    kind: str
    """``run``, ``done``, ``failed``, ..., or one of :data:`OPERATIONS`."""
    who: str = ""
    """Id of the item, or name of the channel, that it happened to."""
    what: str = ""
    """Details, in words or as data."""
    choice: int = 0
    """Which of ``among`` it was."""
    among: tuple[str, ...] = ()
    """What else could have happened, oldest first; empty where there was no choice."""

    def __str__(self) -> str:
        line = f"{self.at / 1e9:12.6f}  "
        if self.kind not in OPERATIONS:
            line += "  "
        line += " ".join(filter(None, (self.kind, self.who)))
        if self.what:
            line += f": {self.what}"
        if self.choice:
            line += f"   <- before {', '.join(self.among[: self.choice])}"
        return line


class Trace:
    """The events of one simulation, oldest first. ``print`` it; :meth:`save` it; replay it."""

    def __init__(self, events: Iterable[Event] = (), *, title: str = "") -> None:
        self.events: list[Event] = list(events)
        self.title = title
        """Name of the simulated executor."""

    @property
    def choices(self) -> tuple[int, ...]:
        """Every choice that was made between several who could have gone next."""
        return tuple(event.choice for event in self.events if event.among)

    @property
    def schedule(self) -> str:
        """:attr:`choices` as a short text, for ``simulate(build, schedule=...)``."""
        return format_schedule(self.choices)

    @property
    def deviations(self) -> int:
        """How many choices were not first in, first out."""
        return sum(choice != 0 for choice in self.choices)

    def __len__(self) -> int:
        return len(self.events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trace) and self.events == other.events

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        head = f"{self.title or 'simulation'}: {len(self)} events, schedule {self.schedule}"
        return "\n".join([head, *map(str, self.events)])

    def __repr__(self) -> str:
        return f"<Trace of {self.title!r}, {len(self)} events, schedule {self.schedule}>"

    def to_text(self) -> str:
        """One JSON array per line; the same bytes for the same simulation, on every machine."""
        lines = [json.dumps([_FORMAT, self.title])]
        for event in self.events:
            row: list[object] = [*event[:4]]
            if event.among:
                row += [event.choice, list(event.among)]
            lines.append(json.dumps(row, ensure_ascii=True))
        return "\n".join(lines) + "\n"

    @classmethod
    def from_text(cls, text: str) -> Trace:
        """What :meth:`to_text` gave.

        Raises:
            InvalidArgument: something else; the message says in which line.
        """
        events: list[Event] = []
        title = ""
        for number, line in enumerate(text.splitlines(), start=1):
            try:
                row = json.loads(line)
                if number == 1:
                    form, title = row
                    if form != _FORMAT:
                        raise ValueError(f"it begins with {form!r}")
                    continue
                at, kind, who, what, *choice = row
                index, among = choice or (0, [])
                events.append(Event(at, kind, who, what, index, tuple(among)))
            except (ValueError, TypeError) as error:
                raise InvalidArgument(f"line {number} is not of a {_FORMAT}: {error}") from error
        if not text:
            raise InvalidArgument(f"an empty text is not a {_FORMAT}")
        return cls(events, title=title)

    def save(self, path: str | Path) -> None:
        """Write :meth:`to_text` to ``path``."""
        Path(path).write_text(self.to_text(), encoding="ascii")

    @classmethod
    def load(cls, path: str | Path) -> Trace:
        """Read what :meth:`save` wrote. Raises as :meth:`from_text`, and ``OSError``."""
        return cls.from_text(Path(path).read_text(encoding="utf-8"))
