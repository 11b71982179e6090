"""A connector's life in the machine: opened, registered, closed, opened again; and what all rules need."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from taktora.errors import TaktoraError
from taktora.testing.arrivals import Explanation
from taktora.testing.connector_channels import InReader, OutChannel
from taktora.testing.connector_contract import Connector, state_of
from taktora.testing.connector_rig import ConnectorRig
from taktora.testing.health_path import HealthPath
from taktora.testing.laws import law

__all__ = ["IN", "MAXIMA", "OUT", "PAUSES", "TIMES", "VALUES", "ConnectorLife"]


def _own(choose: Any) -> Any:
    """A strategy that the subclass of the machine gives."""
    return st.runner().flatmap(choose)


VALUES = _own(lambda machine: machine.values)
TIMES = _own(lambda machine: st.integers(2, machine.burst))
OUT = _own(lambda machine: st.sampled_from(machine.out_channels))
IN = _own(lambda machine: st.sampled_from(machine.in_channels))
MAXIMA = _own(lambda machine: machine.max_payloads)
PAUSES = _own(lambda machine: st.sampled_from(machine.pauses))


class ConnectorLife(ConnectorRig, RuleBasedStateMachine):
    """What the rules of the machine share."""

    connector: Connector
    _closed = True

    # --- its life ---------------------------------------------------------------------------------

    def begin(self) -> None:
        """Open it."""
        self.connector = self.open()
        self._closed = self._registered = False
        self._link_up, self._noticed, self._stained = True, False, False
        self._events_at_break = -1
        self._out = {name: OutChannel(name, self._explanation()) for name in self.out_channels}
        self._in: dict[str, list[InReader]] = {name: [] for name in self.in_channels}
        self._in_descriptors: dict[str, Any] = {}
        self._history: dict[str, list[Any]] = {name: [] for name in self.in_channels}
        self._damaged = dict.fromkeys(self.in_channels, 0)
        self._idle: list[tuple[tuple[int, int], HealthPath]] = []
        state = self._state()
        law("CONN-07", state == "Connecting", f"a new connector is {state}, not Connecting")
        self._path = HealthPath(self.connector.subscribe_health(), state)

    @precondition(lambda self: not self._closed and not self._registered)
    @rule()
    def register_it(self) -> None:
        """Have it driven, before or after its ports were made."""
        self._registered = True
        self.register(self.connector)

    @precondition(lambda self: not self._closed)
    @rule()
    def close(self) -> None:
        """Close it, with everything open and under way."""
        for reader in self._all_readers():
            reader.closed = True
            for waits in (reader.wakeups, reader.waiting):
                if (stop := getattr(waits, "stop", None)) is not None:
                    stop()
        for channel in self._out.values():
            for writer in channel.writers:
                writer.closed = True
        self._closed = True
        self.connector.close()

    @precondition(lambda self: self._closed)
    @rule(out=OUT, into=IN)
    def use_after_close(self, out: str, into: str) -> None:
        """Nothing works any more, except closing it again."""
        connector, kind = self.connector, self.value_type
        out_of, in_of = self.descriptor(out, 64), self.descriptor(into, 64)
        try:
            connector.close()
        except TaktoraError as error:
            law("CONN-16", False, f"closing it twice raised {error!r}")
        self._refuses("CONN-16", "create_writer", lambda: connector.create_writer(out_of, kind))
        self._refuses("CONN-16", "create_reader", lambda: connector.create_reader(in_of, kind))
        self._refuses("CONN-16", "subscribe_health", connector.subscribe_health)
        self._refuses("CONN-16", "register_with", lambda: connector.register_with(self.executor))

    @precondition(lambda self: self._closed)
    @rule()
    def open_again(self) -> None:
        """A new one takes the place of the closed one."""
        self.shut()
        self.begin()

    def teardown(self) -> None:
        """Release everything."""
        try:
            if not self._closed:
                self.close()
        finally:
            self.shut()

    # --- helpers --------------------------------------------------------------------------------------

    def check_invariants(self, settings: Any, *rest: Any) -> None:
        """Without a line for each of them between the steps of a failing example."""
        quiet: list[Any] = [(lambda _: None) if callable(one) else one for one in rest]
        super().check_invariants(settings, *quiet)

    def _state(self) -> str:
        return state_of(self.connector.health)

    def _surely_up(self) -> bool:
        """Whether health is Up, and not because nobody has noticed yet that the link broke."""
        self._path.follow()
        return self._link_up and self._state() == "Up" and self._path.total > self._events_at_break

    def _at_ease(self) -> bool:
        """Whether health has come to where it stays, if there is such a place."""
        return not self._link_up or not self._registered or self._state() == "Up"

    def _all_readers(self) -> Iterator[InReader]:
        return itertools.chain.from_iterable(self._in.values())

    def _explanation(self) -> Explanation:
        return Explanation(latest_only=self.latest_only, same=self.same)

    def _refuses(self, number: str, what: str, action: Callable[[], object]) -> None:
        """``action`` raises one of taktora's errors."""
        try:
            action()
        except TaktoraError:
            return
        after = " after close()" if number == "CONN-16" else ""
        law(number, False, f"{what} was accepted{after}")
