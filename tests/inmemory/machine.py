"""The conformance machine: the same operations on iceoryx2 and in memory, compared.

``ConformanceMachine`` has what both patterns need; the rules of channels are in
``channel_rules.py``, those of services in ``service_rules.py``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import taktora
from taktora.inmemory import Fabric, InMemoryNode

from .twins import Disagreement, Twin, answer
from .values import sender_of

PICK = st.integers(0, 11)
"""Which of several: taken modulo how many there are, so that it always fits and shrinks to 0."""
NODES = 3


class Machine(RuleBasedStateMachine):
    """Both worlds, and how they are compared."""

    domain = "conformance"
    serial = itertools.count()
    about = ("channels", "services", "both")
    """What an example may be about; fewer make it quicker to find what is known to be there."""

    def __init__(self) -> None:
        super().__init__()
        self.domain = f"{self.domain}n{next(self.serial)}"  # what an example leaves is its own
        self.fabric = Fabric(self._choose)
        self.heard: str | None = None
        self.labels: dict[int, str] = {}
        self.sent = 0
        self.focus = "both"
        self.nodes: list[Twin] = []
        self.channels: list[Twin] = []
        self.services: list[Twin] = []
        self.ports: list[Twin] = []
        self.loans: list[Twin] = []
        self.samples: list[Twin] = []
        self.views: list[Twin] = []
        self.pending: list[Twin] = []
        self.requests: list[Twin] = []

    def _choose(self, labels: Sequence[str]) -> int:
        """Where iceoryx2 promises no order, what it did is right, if it is among what could be."""
        assert len(labels) > 1
        assert len(set(labels)) == len(labels)
        return labels.index(self.heard) if self.heard in labels else 0

    def both(self, operation: Callable[..., Any], *twins: Twin, **facts: Any) -> Twin | None:
        """Do it on both sides, and compare; a twin of what was returned, unless it is plain."""
        real, real_object, _ = answer(operation, *(twin.real for twin in twins))
        if (view := getattr(real_object, "view", None)) is not None:
            self.heard = self.labels.get(sender_of(view))
            del view
        fake, fake_object, _ = answer(operation, *(twin.fake for twin in twins))
        if real != fake:
            raise Disagreement(f"iceoryx2: {real}, in memory: {fake}")
        if real[0] == "error" or not str(real[1]).startswith("a "):
            return None
        return Twin(real_object, fake_object, **facts)

    def same(self, what: str, twin: Twin) -> None:
        """That attribute is the same on both sides."""
        real, fake = (getattr(one, what, None) for one in (twin.real, twin.fake))
        if real != fake:
            raise Disagreement(f"{twin}.{what}: iceoryx2 {real}, in memory {fake}")

    def pick(self, twins: list[Twin], number: int, **facts: Any) -> Twin | None:
        """One of those that have these facts."""
        fitting = [
            twin
            for twin in twins
            if all(getattr(twin, name, None) == fact for name, fact in facts.items())
        ]
        return fitting[number % len(fitting)] if fitting else None

    def next_tag(self, port: Twin) -> int:
        """What the next payload of ``port`` says."""
        self.sent += 1
        return port.number << 32 | self.sent

    def name_it(self, port: Twin) -> Twin:
        """Remember what the fabric calls a port."""
        self.labels[port.number] = getattr(port.fake._raw, "label", "")
        return port

    # --- nodes and ports --------------------------------------------------------------------------

    def make_node(self) -> None:
        name = f"node {len(self.nodes)}"
        self.nodes.append(
            Twin(
                taktora.Node(name, domain=self.domain),
                InMemoryNode(name, domain=self.domain, fabric=self.fabric),
            )
        )

    @initialize(number=PICK)
    def start(self, number: int) -> None:
        self.focus = self.about[number % len(self.about)]

    def has(self, role: str) -> bool:
        """Whether there is a port of that role."""
        return any(port.role == role for port in self.ports)

    @rule(
        what=st.sampled_from(
            ["node", "close port", "close port", "drop port", "close node", "channel", "service"]
        ),
        number=PICK,
    )
    def end_something(self, what: str, number: int) -> None:
        """Make a node; or close, or let go of, something."""
        if what == "node":
            if len(self.nodes) < NODES:
                self.make_node()
        elif what == "close node" and self.nodes:
            self.both(lambda node: node.close(), self.nodes[number % len(self.nodes)])
        elif what == "close port" and self.ports:
            self.both(lambda port: port.close(), self.ports[number % len(self.ports)])
        elif what == "drop port" and self.ports:
            self.drop(self.ports, number)
        elif what == "channel" and self.channels:
            self.drop(self.channels, number)
        elif what == "service" and self.services:
            self.drop(self.services, number)

    def drop(self, twins: list[Twin], number: int) -> None:
        """Let go of the last reference: the real one first, then the other."""
        twin = twins.pop(number % len(twins))
        del twin.real
        del twin.fake

    @precondition(lambda self: any(hasattr(port.real, "wakeup") for port in self.ports))
    @rule(number=PICK, drain=st.booleans())
    def listen(self, number: int, drain: bool) -> None:
        """Whether anything was notified, and how often."""
        ports = [port for port in self.ports if hasattr(port.real, "wakeup")]
        port = ports[number % len(ports)]
        if drain:
            self.both(lambda port: port.wakeup.drain(), port)
            return
        real, fake = port.real.wakeup.listener, port.fake.wakeup.listener
        assert (real is None) == (fake is None)
        if real is not None:
            told = 0
            while activations := real.try_wait():
                told += sum(activation.count for activation in activations)
            if told != fake.try_wait():
                raise Disagreement(f"{port}: iceoryx2 notified {told} times, not so in memory")

    @precondition(lambda self: any(hasattr(port.real, "wakeup") for port in self.ports))
    @rule(number=PICK)
    def look(self, number: int) -> None:
        """Whether there is something to take."""
        ports = [port for port in self.ports if hasattr(port.real, "wakeup")]
        port = ports[number % len(ports)]
        self.both(lambda port: port.wakeup.has_data(), port)
        self.both(lambda port: port.wakeup.more(), port)
        self.both(lambda port: port.wakeup.probe()(), port)

    @invariant()
    def everything_says_the_same_of_itself(self) -> None:
        for twin in (*self.nodes, *self.channels, *self.services):
            if repr(twin.real).replace("<Node", "<InMemoryNode") != repr(twin.fake):
                raise Disagreement(f"{twin.real!r}, {twin.fake!r}")
        for port in (*self.ports, *self.pending, *self.requests, *self.loans):
            for name in ("closed", "drained", "last_outcome", "is_connected", "has_response"):
                self.same(name, port)

    def teardown(self) -> None:
        for twins in (self.views, self.samples, self.requests, self.pending, self.loans):
            twins.clear()
        for node in self.nodes:
            node.real.close()
            node.fake.close()
        self.ports.clear()
