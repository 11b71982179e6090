"""What is done with channels."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from .machine import PICK, Machine
from .twins import Twin
from .values import LARGEST, TYPES, UNFIT, Interrupted, read, spoil, value, write, wrong

FEW = st.integers(1, 3)
CHANNEL_LIMITS = st.fixed_dictionaries(
    {
        "buffer_size": FEW,
        "history_size": st.integers(0, 2),
        "max_publishers": st.integers(1, 2),
        "max_subscribers": st.sampled_from([1, 2, 2]),
        "max_borrowed": FEW,
        "overflow": st.sampled_from([True, True, False]),
    }
)
ODD_LIMITS = st.dictionaries(
    st.sampled_from(["buffer_size", "history_size", "max_borrowed", "max_bytes", "overflow"]),
    st.sampled_from([0, 1, 2, -1, True, "x", 10**9, None]),
    max_size=2,
)
LENGTHS = st.sampled_from([0, 1, 40, LARGEST - 8, LARGEST - 7, 5000, 20000])
NAMES = st.sampled_from(["a", "a", "b", "s", "é", "x" * 240, "iox2://a"])
KINDS = st.sampled_from(sorted(TYPES))


def on_channels(machine: Machine) -> bool:
    """Whether this example is about channels."""
    return machine.focus != "services"


def publishing(machine: Machine) -> bool:
    return on_channels(machine) and machine.has("publisher")


def subscribed(machine: Machine) -> bool:
    return on_channels(machine) and machine.has("subscriber")


class ChannelRules(Machine):
    """Publishers, subscribers, loans and samples."""

    @initialize(kind=KINDS, bounded=st.booleans(), limits=CHANNEL_LIMITS)
    def first_channel(self, kind: str, bounded: bool, limits: dict[str, Any]) -> None:
        if self.about == ("services",):
            return
        if not self.nodes:
            self.make_node()
        limits["history_size"] = min(limits["history_size"], limits["buffer_size"])
        if kind == "bytes" and bounded:
            limits |= {"max_bytes": LARGEST}
        elif kind == "bytes":
            limits |= {"max_publishers": 1}  # INMEM-22: what is rescued has no order either
        self.open_it(self.nodes[0], "a", kind, limits)
        self.port(self.channels[0], "publisher")
        self.port(self.channels[0], "subscriber")

    def open_it(self, node: Twin, name: str, kind: str, limits: dict[str, Any]) -> None:
        payload_type = TYPES[kind] if kind in TYPES else UNFIT[kind]
        channel = self.both(
            lambda node: node.channel(name, payload_type, **limits), node, kind=kind
        )
        if channel is not None:
            self.same("limits", channel)
            channel.growing = kind == "bytes" and channel.real.limits.max_bytes is None
            self.channels.append(channel)

    @precondition(on_channels)
    @rule(
        node=PICK,
        again=st.booleans(),
        name=NAMES,
        kind=KINDS | st.sampled_from(sorted(UNFIT)),
        limits=ODD_LIMITS | st.just({}),
    )
    def open_channel(
        self, node: int, again: bool, name: str, kind: str, limits: dict[str, Any]
    ) -> None:
        if again and self.channels:
            known = self.channels[node % len(self.channels)]
            name, kind, limits = known.real.name, known.kind, {}
        if kind == "bytes" and name != "a" and not limits:
            limits = {"max_bytes": LARGEST}
        self.open_it(self.nodes[node % len(self.nodes)], name, kind, limits)

    def port(self, channel: Twin, role: str) -> None:
        facts = {"kind": channel.kind, "role": role, "number": len(self.labels) + 1}
        port = self.both(lambda channel: getattr(channel, role)(), channel, **facts)
        if port is not None:
            port.growing = channel.growing
            self.ports.append(self.name_it(port))

    @precondition(lambda self: self.channels and on_channels(self))
    @rule(channel=PICK, role=st.sampled_from(["publisher", "subscriber"]))
    def new_port(self, channel: int, role: str) -> None:
        self.port(self.channels[channel % len(self.channels)], role)

    @precondition(lambda self: self.channels and on_channels(self))
    @rule(channel=PICK, leave=st.booleans())
    def come_late(self, channel: int, leave: bool) -> None:
        """A subscriber that takes whatever is there when it comes: the history."""
        self.port(self.channels[channel % len(self.channels)], "subscriber")
        port = self.pick(self.ports, -1, role="subscriber")
        if port is not None:
            while (sample := self.both(lambda port: port.take(), port)) is not None:
                self.both(lambda sample: read(sample.payload), sample)
            if leave:
                self.both(lambda port: port.close(), port)

    # --- sending ----------------------------------------------------------------------------------

    @precondition(publishing)
    @rule(publisher=PICK, length=LENGTHS, times=st.integers(0, 4))
    def send(self, publisher: int, length: int, times: int) -> None:
        port = self.pick(self.ports, publisher, role="publisher")
        for _ in range(times):
            if port is not None:
                one = value(port.kind, self.next_tag(port), length)
                self.both(lambda port, one=one: port.send_copy(one), port)
        if port is not None and not times:
            nonsense = wrong(port.kind)
            self.both(lambda port: port.send_copy(nonsense), port)

    @precondition(publishing)
    @rule(publisher=PICK, length=LENGTHS, how=st.sampled_from(["", "", "skip", "raise", "close"]))
    def loan_send(self, publisher: int, length: int, how: str) -> None:
        port = self.pick(self.ports, publisher, role="publisher")
        if port is None:
            return
        number = self.next_tag(port)
        size = length + 8 if port.kind == "bytes" else None

        def send(port: Any) -> Any:
            def fill(payload: Any) -> object:
                write(kind, payload, number)
                if how == "raise":
                    raise Interrupted
                if how == "close":
                    port.close()
                return how != "skip"

            return port.loan_send(fill, size)

        kind = port.kind
        self.both(send, port)

    @precondition(publishing)
    @rule(
        publisher=PICK,
        length=LENGTHS,
        size=st.sampled_from(["right", "right", "none", "odd"]),
        times=st.sampled_from([1, 1, 4, 9]),
        keep=st.booleans(),
    )
    def loan(self, publisher: int, length: int, size: str, times: int, keep: bool) -> None:
        port = self.pick(self.ports, publisher, role="publisher")
        assert port is not None
        kind = port.kind
        right = length + 8 if kind == "bytes" else None
        bytes_ = {"right": right, "none": None, "odd": -1}[size]
        for _ in range(times):
            number = self.next_tag(port)

            def enter(port: Any, number: int = number) -> Any:
                loan = port.loan(bytes_)
                write(kind, loan.__enter__(), number)
                return loan

            loan = self.both(enter, port)
            if loan is not None and keep:
                self.loans.append(loan)
            del loan

    @precondition(lambda self: self.loans)
    @rule(loan=PICK, how=st.sampled_from(["send", "send", "raise", "drop"]))
    def end_loan(self, loan: int, how: str) -> None:
        one = self.loans[loan % len(self.loans)]
        if how != "drop":
            kind = Interrupted if how == "raise" else None
            self.both(lambda loan: loan.__exit__(kind, None, None), one)
            self.both(lambda loan: loan.outcome, one)
        self.drop(self.loans, loan)

    # --- receiving --------------------------------------------------------------------------------

    @precondition(subscribed)
    @rule(subscriber=PICK, keep=st.sampled_from([True, True, False]), times=st.integers(1, 3))
    def take(self, subscriber: int, keep: bool, times: int) -> None:
        port = self.pick(self.ports, subscriber, role="subscriber")
        for _ in range(times if port is not None else 0):
            sample = self.both(lambda port: port.take(), port)
            if sample is not None:
                self.both(lambda sample: sample.view, sample)
                if keep:
                    self.samples.append(sample)
                del sample

    @precondition(on_channels)
    @rule(port=PICK)
    def connect(self, port: int) -> None:
        for role in ("publisher", "subscriber"):
            one = self.pick(self.ports, port, role=role)
            if one is not None:
                self.both(lambda port: port.connect(), one)

    @precondition(lambda self: self.channels and on_channels(self))
    @rule(channel=PICK)
    def count(self, channel: int) -> None:
        """Subscribers, those included that are closed and of which something is held."""
        one = self.channels[channel % len(self.channels)]
        self.both(lambda channel: channel.subscriber_count, one)

    @precondition(lambda self: self.samples)
    @rule(sample=PICK, keep=st.booleans())
    def read_sample(self, sample: int, keep: bool) -> None:
        one = self.samples[sample % len(self.samples)]
        self.both(lambda sample: read(sample.payload), one)
        self.both(lambda sample: spoil(sample.payload), one)
        self.both(lambda sample: repr(sample.numpy()), one)
        if keep:
            view = self.both(lambda sample: [sample.view], one)
            if view is not None:
                self.views.append(view)

    @precondition(lambda self: self.samples)
    @rule(sample=PICK)
    def drop_sample(self, sample: int) -> None:
        self.drop(self.samples, sample)

    @precondition(lambda self: self.views)
    @rule(view=PICK)
    def drop_view(self, view: int) -> None:
        one = self.views[view % len(self.views)]
        self.both(lambda view: view[0].tobytes(), one)
        self.drop(self.views, view)
        del one
