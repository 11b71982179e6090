"""The connector contract as a Hypothesis machine: subclass it, and the whole contract is tested.

It does to a connector whatever plug-ins, links and the outside world do, in any order, beside a
model of what must come of it. What breaks raises ``LawBroken`` with the number of the law in
``spec/connector_contract.md``::

    class MyConnector(ConnectorMachine):
        def open(self): ...
        def outside_send(self, channel, value): ...
        def outside_received(self, channel): ...
        def break_link(self): ...
        def mend_link(self): ...

    TestMyConnector = MyConnector.TestCase
"""

from __future__ import annotations

import sys
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from taktora.testing.connector_in import InRules
from taktora.testing.connector_life import MAXIMA, PAUSES
from taktora.testing.connector_out import OutRules
from taktora.testing.health_path import HealthPath, facts_of
from taktora.testing.laws import law

__all__ = ["ConnectorMachine"]


class ConnectorMachine(OutRules, InRules):
    """Tests a connector against ``spec/connector_contract.md``. See :class:`ConnectorRig`."""

    # --- the beginning and the end --------------------------------------------------------------------

    @initialize(target=OutRules.writers, maximum=MAXIMA, narrow=st.booleans(), driven=st.booleans())
    def begin_with_a_writer(self, maximum: int, narrow: bool, driven: bool) -> Any:
        """Opened with a way out, so that something can happen at once."""
        self._begin(narrow=narrow, driven=driven)
        return self.create_writer(self.out_channels[0], maximum)

    @initialize(target=InRules.readers, narrow=st.booleans(), driven=st.booleans())
    def begin_with_a_reader(self, narrow: bool, driven: bool) -> Any:
        """Opened with a way in: before the way out, or behind it."""
        self._begin(narrow=narrow, driven=driven)
        return self.create_reader(self.in_channels[0])

    def _begin(self, *, narrow: bool, driven: bool) -> None:
        if self._closed:
            if narrow:  # with fewer channels more happens on each
                self.out_channels = self.out_channels[:1]  # type: ignore[misc]
                self.in_channels = self.in_channels[:1]  # type: ignore[misc]
            self.begin()
        if driven and not self._registered:
            self.register_it()

    def teardown(self) -> None:
        """End at rest, where what is lost is missed, unless a law was broken before."""
        try:
            if sys.exception() is None and not self._closed and self._registered:
                self.come_to_rest()
        finally:
            super().teardown()

    # --- the link -------------------------------------------------------------------------------------

    @precondition(lambda self: not self._closed and self._link_up)
    @rule()
    def break_it(self) -> None:
        """The link breaks, with everything under way."""
        for reader in self._all_readers():
            reader.link_broke()
        if self.link_loses_silently:
            for channel in self._out.values():
                channel.look(self.outside_received(channel.name))
                channel.explanation.excuse()
        self._path.follow()
        self._events_at_break = self._path.total
        self._link_up, self._noticed = False, False
        self.break_link()

    @precondition(lambda self: not self._closed and not self._link_up)
    @rule()
    def mend_it(self) -> None:
        """The link can be made again."""
        self._link_up = True
        if self._noticed:
            self._stained = False
        self.mend_link()

    @precondition(lambda self: not self._closed and self._registered)
    @rule()
    def wait_for_health(self) -> None:
        """Health comes to say what the link does."""
        if not self.wait_until(self._health_fits):
            misfit = f"{self._misfit()} for {self.patience} s"
            for path in (self._path, *(path for _, path in self._idle)):
                path.follow()
            law(
                "CONN-17",
                not self.wait_until(self._health_fits),
                f"{misfit}, until health subscriptions were read",
            )
            law("CONN-09", False, misfit)
        self._noticed = not self._link_up

    @precondition(lambda self: not self._closed and self._registered)
    @rule(times=st.integers(1, 12))
    def flap(self, times: int) -> None:
        """The link comes and goes, and each time it is noticed."""
        for _ in range(times):
            steps = [self.break_it, self.mend_it]
            for step in steps if self._link_up else reversed(steps):
                step()
                self.wait_for_health()
                self.health_follows_the_law()

    def _health_fits(self) -> bool:
        state = self._state()
        if not self._link_up:
            return state != "Up"
        return state == "Up" or (self._stained and state == "Degraded")

    def _misfit(self) -> str:
        link = "there" if self._link_up else "broken"
        return f"the link is {link} and health is {self._state()}"

    # --- time and rest --------------------------------------------------------------------------------

    @precondition(lambda self: not self._closed)
    @rule()
    def let_it_settle(self) -> None:
        """Everything under way arrives."""
        if self.settle() and self._surely_up():  # else it waits for the link, which may break again
            for reader in self._all_readers():
                reader.settled = len(reader.lane)

    @precondition(lambda self: not self._closed)
    @rule(seconds=PAUSES)
    def time_passes(self, seconds: float) -> None:
        """Nobody does anything for a while."""
        self.pass_time(seconds)

    @precondition(lambda self: not self._closed and self._registered)
    @rule()
    def come_to_rest(self) -> None:
        """With the link there, everything is where it belongs, or counted."""
        if not self._link_up:
            self.mend_it()
        self.wait_for_health()
        for channel in self._out.values():
            self._rest_out(channel)
        for reader in self._all_readers():
            self._rest_in(reader)
        self.let_it_settle()
        self._check_subscriptions()

    # --- health ---------------------------------------------------------------------------------------

    @invariant()
    def health_follows_the_law(self) -> None:
        """Every event begins where the last one ended, and while the link is broken it is not Up."""
        if self._closed:
            return
        self._path.follow()
        state = self._state()
        if self._link_up or not self._noticed:
            return
        law("CONN-09", state != "Up", "health is Up again, and the link is still broken")

    @precondition(lambda self: not self._closed and len(self._idle) < 3)
    @rule()
    def subscribe_and_never_read(self) -> None:
        """Somebody wants to know, and then does not look."""
        self._path.follow()
        before = self._path.total
        path = HealthPath(self.connector.subscribe_health())
        self._path.follow()  # on threads something may have happened meanwhile
        self._idle.append(((before, self._path.total), path))

    def _check_subscriptions(self) -> None:
        self._path.follow()
        for (before, after), path in self._idle:
            count = path.follow()
            capacity = path.subscription.capacity
            law("CONN-17", count <= capacity, f"a subscription of {capacity} held {count} events")
            self.wait_until(lambda: path.follow() + self._path.follow() == 0)  # noqa: B023
            least, expected = self._path.total - after, self._path.total - before
            law(
                "CONN-08" if path.total > expected else "CONN-17",
                least <= path.total <= expected,
                f"a subscription was given {path.total} events (dropped ones included), "
                f"there were {expected}",
            )
            law(
                "CONN-17",
                not least or facts_of(path.events[-1]) == facts_of(self._path.events[-1]),
                "a subscription does not hold the newest event",
            )
        law(
            "CONN-07",
            self.wait_until(self._health_is_what_was_said),
            f"health is {self._state()}, and the last event said {self._path.state}",
        )

    def _health_is_what_was_said(self) -> bool:
        self._path.follow()
        return self._path.state in (None, self._state())
