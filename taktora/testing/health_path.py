"""Follows what one health subscription hands out, and breaks if a law of health is broken."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from taktora.testing.connector_contract import LEGAL, HealthEvent, HealthSubscription, state_of
from taktora.testing.laws import law

__all__ = ["HealthPath", "facts_of"]


@define(eq=False)
class HealthPath:
    """The events of one subscription, in order."""

    subscription: HealthSubscription
    state: str | None = None
    """Health before the next event; ``None``: not known."""
    events: list[HealthEvent] = field(init=False, factory=list)
    _dropped: int = field(init=False, default=0)

    @property
    def total(self) -> int:
        """How many events it was given, the dropped ones included."""
        return len(self.events) + self.subscription.dropped

    def follow(self) -> int:
        """Take what is there; how many events that were.

        Raises:
            LawBroken: CONN-07, CONN-08.
        """
        count = 0
        while (event := self.subscription.try_next()) is not None:
            if self.subscription.dropped != self._dropped:
                self._dropped = self.subscription.dropped
                self.state = None  # some are missing before this one
            self._check(event)
            self.events.append(event)
            self.state = state_of(event.to)
            count += 1
        return count

    def _check(self, event: HealthEvent) -> None:
        from_, to = state_of(event.from_), state_of(event.to)
        words = f"{from_} -> {to}"
        if self.events:
            last = self.events[-1]
            law(
                "CONN-08",
                event is not last and facts_of(event) != facts_of(last),
                f"the event {words} was emitted twice",
            )
            law(
                "CONN-07", not event.at < last.at, f"the event {words} is older than the one before"
            )
        law("CONN-07", from_ in LEGAL and to in LEGAL, f"{words}: there is no such health")
        law(
            "CONN-07",
            self.state in (None, from_),
            f"the event {words} came when health was {self.state}",
        )
        law(
            "CONN-07",
            to in LEGAL.get(from_, ()),
            f"{words} is no legal transition; legal: {', '.join(sorted(LEGAL.get(from_, ())))}",
        )


def facts_of(event: HealthEvent) -> tuple[Any, ...]:
    """What tells one event from another."""
    return state_of(event.from_), state_of(event.to), event.at
