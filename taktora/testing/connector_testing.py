"""The contract of connectors as one call: from a connector and its outside to a test case."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, ClassVar
from unittest import TestCase

from attrs import frozen
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky

from taktora.connectors.descriptor import ChannelDescriptor
from taktora.connectors.reconnect import ExponentialBackoff
from taktora.connectors.routing import NoRouting
from taktora.errors import LawBroken, WrongType
from taktora.testing.connector_contract import Connector
from taktora.testing.connector_machine import ConnectorMachine
from taktora.testing.connector_outside import Outside
from taktora.testing.connector_rig import ConnectorRig
from taktora.testing.simulated import SimulatedExecutor

__all__ = ["connector_test"]

_REAL = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # to make what is found smaller would take minutes
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
_SIMULATED = settings(_REAL, max_examples=100)


def connector_test(
    connector: Callable[..., Any],
    outside: Callable[[], Any],
    *,
    values: type | st.SearchStrategy[Any] = ConnectorRig.values,
    value_type: Any = None,
    routing: Callable[[str], Any] | None = None,
    out_channels: Sequence[str] = ("out_a", "out_b"),
    in_channels: Sequence[str] = ("in_a", "in_b"),
    max_payloads: st.SearchStrategy[int] = ConnectorRig.max_payloads,
    ports_per_channel: int = 2,
    burst: int = 20,
    patience: float | None = None,
    latest_only: bool = False,
    link_loses_silently: bool = False,
    damage_is_reported: bool = True,
    simulated: bool = False,
    settings: settings | None = None,
) -> type[TestCase]:
    """The test case that shows whether a connector keeps ``spec/connector_contract.md``.

    pytest and unittest run what it returns::

        TestMine = connector_test(
            lambda device, **options: MyConnector("mine", device.port, **options), Device
        )

    Each example has an outside of its own, and an executor: a real one with a thread of its own, or a
    simulated one. What breaks raises ``LawBroken`` with the number of the law. Who needs more than
    the options below derives from :class:`~taktora.testing.ConnectorMachine` instead.

    Args:
        connector: makes it, not registered: called with what ``outside`` has made, and with ``node``,
            ``queue``, ``reconnect`` and ``heartbeat`` as :class:`~taktora.connectors.Connector`
            takes them, short enough for a test.
        outside: makes an :class:`~taktora.testing.Outside` in which nothing has happened and to
            which the connector can connect; a class without arguments will do.
        values: what is sent, both ways, and what the codec carries unchanged: a strategy, or a type,
            of which any value may come; bytes.
        value_type: the type that writers and readers are made for; ``values`` if that is a type,
            else bytes.
        routing: makes the routing of a channel from its name; none.
        out_channels: names of channels to the outside: plain words, so that they can be routings.
        in_channels: names of channels from the outside.
        max_payloads: ``max_payload`` of descriptors; some too small for some values.
        ports_per_channel: writers, or readers, of one channel at a time.
        burst: most values that are sent without waiting.
        patience: seconds within which anything that has to come comes; 10, or 60 virtual ones.
        latest_only: the link carries the latest value only, as a process image does.
        link_loses_silently: what is under way when the link breaks may be lost uncounted.
        damage_is_reported: a damaged frame makes health Degraded, if only for a moment.
        simulated: in virtual time, without threads; many times as fast, for an outside that needs
            neither.
        settings: of Hypothesis; default: some that fit, without making what is found smaller.

    Raises:
        WrongType: ``connector`` or ``outside`` cannot be called.
    """
    for what, given in (("connector", connector), ("outside", outside)):
        if not callable(given):
            raise WrongType(f"connector_test: {what} must be callable, not {given!r}")
    if not isinstance(values, st.SearchStrategy):
        values, value_type = st.from_type(values), value_type or values
    facts = {
        "parts": Parts(connector, outside, routing or (lambda _: NoRouting()), simulated),
        "values": values,
        "value_type": value_type or bytes,
        "out_channels": tuple(out_channels),
        "in_channels": tuple(in_channels),
        "max_payloads": max_payloads,
        "ports_per_channel": ports_per_channel,
        "burst": burst,
        "patience": (60.0 if simulated else 10.0) if patience is None else patience,
        "pauses": ContractMachine.pauses if simulated else (0.001, 0.02),
        "latest_only": latest_only,
        "link_loses_silently": link_loses_silently,
        "damage_is_reported": damage_is_reported,
    }
    machine: Any = type("ContractMachine", (ContractMachine,), facts)
    return _case_of(machine, settings or (_SIMULATED if simulated else _REAL))


def _case_of(machine: Any, chosen: settings) -> type[TestCase]:
    class ContractCase(machine.TestCase):  # type: ignore[misc]
        settings = chosen

        def runTest(self) -> None:  # noqa: N802  # unittest's name
            machine.broken = None
            try:
                super().runTest()
            except Flaky as error:  # in real time nothing happens twice, but it has happened
                raise machine.broken or error from error

    return ContractCase


@frozen
class Parts:
    """What a connector's test is made of."""

    make: Callable[..., Connector]
    make_outside: Callable[[], Any]
    make_routing: Callable[[str], Any]
    simulated: bool


class ContractMachine(ConnectorMachine):
    """The machine with an :class:`Outside` for what is outside."""

    parts: ClassVar[Parts]
    broken: ClassVar[LawBroken | None] = None
    outside: Any = None
    _open = ExitStack()

    def open(self) -> Connector:
        """On an executor that runs."""
        with ExitStack() as stack:
            self.outside = _checked(self.parts.make_outside())
            stack.callback(getattr(self.outside, "close", lambda: None))
            self.executor = self._running(stack)
            made = self.parts.make(
                self.outside,
                node=self.executor,
                queue=16,
                reconnect=ExponentialBackoff(0.002, 0.02, seed=1),
                heartbeat=0.005,
            )
            self._open = stack.pop_all()
        return made

    def _running(self, stack: ExitStack) -> Any:
        if self.parts.simulated:
            simulation = stack.enter_context(SimulatedExecutor())
            simulation.start()
            return simulation
        from taktora import Executor, Runner

        executor = stack.enter_context(
            Executor(domain=f"connector-test-{os.getpid()}", worker_threads=1)
        )
        stack.enter_context(Runner(executor))
        return executor

    def teardown(self) -> None:
        """Remember what was broken."""
        try:
            self._remember(sys.exception())
            super().teardown()
        except LawBroken as error:
            self._remember(error)
            raise

    def _remember(self, error: BaseException | None) -> None:
        if isinstance(error, LawBroken):
            type(self).broken = error

    def shut(self) -> None:
        """The executor, and then what is outside."""
        self._open.close()

    def descriptor(self, name: str, max_payload: int) -> ChannelDescriptor[Any]:
        """Where a channel without a name would lead is of no interest."""
        return ChannelDescriptor(
            name, self.parts.make_routing(name or self.out_channels[0]), max_payload
        )

    def outside_send(self, channel: str, value: Any) -> None:
        """By the outside."""
        self.outside.send(channel, value)

    def outside_received(self, channel: str) -> Sequence[Any]:
        """By the outside."""
        received: Sequence[Any] = self.outside.received(channel)
        return received

    def break_link(self) -> None:
        """By the outside."""
        self.outside.cut()

    def mend_link(self) -> None:
        """By the outside."""
        self.outside.mend()

    def corrupt(self, channel: str, value: Any) -> None:
        """By the outside, if it can."""
        self.outside.corrupt(channel, value)

    @property
    def corrupts(self) -> bool:
        """Whether it can."""
        return hasattr(self.outside, "corrupt")


def _checked(outside: Any) -> Any:
    if not isinstance(outside, Outside):
        missing = [
            name for name in ("send", "received", "cut", "mend") if not hasattr(outside, name)
        ]
        raise WrongType(
            f"connector_test: {outside!r} is no Outside: it has no {', '.join(missing)}"
        )
    return outside
