"""The machine's rules about the way in: readers, slow or not, what they get, what was damaged."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, multiple, precondition, rule

from taktora.testing.connector_channels import InReader
from taktora.testing.connector_contract import state_of
from taktora.testing.connector_life import IN, TIMES, VALUES, ConnectorLife
from taktora.testing.laws import law

__all__ = ["InRules"]


class InRules(ConnectorLife):
    """Somebody outside sends."""

    readers = Bundle("readers")

    @precondition(lambda self: not self._closed)
    @rule(target=readers, name=IN)
    def create_reader(self, name: str) -> Any:
        """One more way in; what was sent before it was there it may see or not."""
        if len(self._in[name]) >= self.ports_per_channel:
            return multiple()
        if name not in self._in_descriptors:
            self._in_descriptors[name] = self.descriptor(name, 4096)
        descriptor, kind = self._in_descriptors[name], self.value_type
        waiting = self.waiting(lambda: self.connector.create_reader(descriptor, kind))
        port = self.connector.create_reader(descriptor, kind)
        reader = InReader(port, name, self._explanation(), self.wakeups(port), waiting)
        reader.damaged = self._damaged[name]
        reader.explanation.new_lane()
        for value in self._history[name]:
            reader.expect(value, certain=False)
        self._in[name].append(reader)
        return reader

    @precondition(lambda self: not self._closed)
    @rule(name=IN, value=VALUES)
    def outside_sends(self, name: str, value: Any) -> None:
        """Somebody outside sends."""
        self._outside_sends(name, value)

    @precondition(lambda self: not self._closed)
    @rule(name=IN, values=st.lists(VALUES, min_size=2, max_size=4), times=TIMES)
    def outside_sends_many(self, name: str, values: list[Any], times: int) -> None:
        """Somebody outside sends more than a slow reader can hold."""
        for value in itertools.islice(itertools.cycle(values), times):
            self._outside_sends(name, value)

    def _outside_sends(self, name: str, value: Any) -> None:
        certain = self._surely_up()
        self.outside_send(name, value)
        self._history[name].append(value)
        for reader in self._in[name]:
            reader.expect(value, certain=certain)

    @rule(reader=readers)
    def read_one(self, reader: InReader) -> None:
        """The plug-in takes one value."""
        if reader.closed:
            self._refuses("CONN-16", "try_recv", reader.port.try_recv)
        else:
            reader.read()

    @rule(reader=readers)
    def read_all(self, reader: InReader) -> None:
        """The plug-in takes what is there."""
        if not reader.closed:
            self._drain(reader)

    def _drain(self, reader: InReader) -> int:
        count = 0
        while reader.read():
            count += 1
        return count

    @precondition(lambda self: self._can_damage())
    @rule(name=IN, value=VALUES)
    def damage(self, name: str, value: Any) -> None:
        """A frame is damaged on its way."""
        readers = self._in[name]
        for reader in readers:
            self._drain(reader)
        before = [self.damage_counted(name, reader.port) for reader in readers]
        events = len(self._path.events)
        self._damaged[name] += 1
        for reader in readers:
            reader.damaged += 1
            reader.suspicious = True
        self._stained = True
        self.corrupt(name, value)
        for reader, counted in zip(readers, before, strict=True):
            law(
                "CONN-14",
                self.wait_until(
                    lambda reader=reader, counted=counted: (  # type: ignore[misc]
                        self._drain(reader) >= 0
                        and self.damage_counted(name, reader.port) == counted + 1
                    )
                ),
                f"one frame of {name!r} was damaged, "
                f"{self.damage_counted(name, reader.port) - counted} were counted",
            )
            reader.suspicious = False
        if readers and self.damage_is_reported:
            law(
                "CONN-14",
                self.wait_until(lambda: self._was_degraded_since(events)),
                f"a frame of {name!r} was damaged and health said nothing",
            )

    def _can_damage(self) -> bool:
        return (
            not self._closed
            and self.corrupts
            and self._registered
            and self._link_up
            and self.settle()
            and self._state() == "Up"
        )

    def _was_degraded_since(self, events: int) -> bool:
        self._path.follow()
        later = self._path.events[events:]
        return any(state_of(event.to) == "Degraded" for event in later)

    def _rest_in(self, reader: InReader) -> None:
        def accounted() -> bool:
            woken = reader.wakeups is None or reader.was_woken()
            count = self._drain(reader)
            law(
                "CONN-06",
                not count or woken or self.wait_until(reader.was_woken),
                f"{count} values came to the reader of {reader.name!r} and nobody was woken",
            )
            return reader.uncounted == 0

        if self.wait_until(accounted):
            law(
                "CONN-06",
                self.wait_until(reader.is_followed),
                f"the value number {reader.last} came to {reader.name!r} and nobody was woken",
            )
            return
        if not reader.explanation.arrived:
            self._outside_sends(reader.name, reader.lane[0].value)
            law(
                "CONN-15",
                self.wait_until(lambda: self._drain(reader) > 0),
                f"nothing that is sent to the reader of {reader.name!r} ever arrives",
            )
        law(
            "CONN-05",
            False,
            f"{reader.explanation.missing} values for the reader of {reader.name!r} are missing, "
            f"and {reader.explanation.missing - reader.uncounted} of them can be seen to be",
        )
