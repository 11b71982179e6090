"""What is done with services."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from .machine import PICK, Machine
from .twins import Twin
from .values import LARGEST, TYPES, Interrupted, value, write, wrong

FEW = st.integers(1, 3)
SERVICE_LIMITS = st.fixed_dictionaries(
    {
        "max_servers": st.integers(1, 2),
        "max_clients": st.integers(1, 2),
        "max_active_requests": FEW,
        "response_buffer": FEW,
        "max_borrowed": FEW,
    }
)
LENGTHS = st.sampled_from([0, 1, LARGEST - 8, LARGEST - 7])
KINDS = st.sampled_from(["number", "structure", "bytes"])


def on_services(machine: Machine) -> bool:
    """Whether this example is about services."""
    return machine.focus != "channels"


def asking(machine: Machine) -> bool:
    return on_services(machine) and machine.has("client")


def serving(machine: Machine) -> bool:
    return on_services(machine) and machine.has("server")


class ServiceRules(Machine):
    """Servers, clients, requests and responses."""

    @initialize(request=KINDS, response=KINDS, limits=SERVICE_LIMITS)
    def first_service(self, request: str, response: str, limits: dict[str, Any]) -> None:
        if self.about == ("channels",):
            return
        if not self.nodes:
            self.make_node()
        if "bytes" in (request, response):
            limits |= {"max_bytes": LARGEST}
        self.serve(self.nodes[0], "s", (request, response), limits)
        self.end(0, "server")
        self.end(0, "client")

    def serve(self, node: Twin, name: str, kinds: tuple[str, str], limits: dict[str, Any]) -> None:
        types = [TYPES[kind] for kind in kinds]
        service = self.both(lambda node: node.service(name, *types, **limits), node, kinds=kinds)
        if service is not None:
            self.same("limits", service)
            self.services.append(service)

    @precondition(on_services)
    @rule(
        node=PICK,
        again=st.booleans(),
        name=st.sampled_from(["s", "t", "a", "", "x" * 235]),
        kinds=st.tuples(KINDS, KINDS),
        odd=st.sampled_from([{}, {"max_servers": 0}, {"response_buffer": 2}, {"max_bytes": 64}]),
    )
    def open_service(
        self, node: int, again: bool, name: str, kinds: tuple[str, str], odd: Any
    ) -> None:
        if again and self.services:
            known = self.services[node % len(self.services)]
            name, kinds, odd = known.real.name, known.kinds, {}
        self.serve(self.nodes[node % len(self.nodes)], name, kinds, odd)

    def end(self, service: int, role: str) -> None:
        known = self.services[service % len(self.services)]
        facts = {"kinds": known.kinds, "role": role, "number": len(self.labels) + 1}
        port = self.both(lambda service: getattr(service, role)(), known, **facts)
        if port is not None:
            self.ports.append(self.name_it(port))

    @precondition(lambda self: self.services and on_services(self))
    @rule(service=PICK, role=st.sampled_from(["server", "client"]))
    def new_end(self, service: int, role: str) -> None:
        self.end(service, role)

    # --- asking -----------------------------------------------------------------------------------

    @precondition(asking)
    @rule(client=PICK, length=LENGTHS, keep=st.sampled_from([True, True, False]))
    def ask(self, client: int, length: int, keep: bool) -> None:
        port = self.pick(self.ports, client, role="client")
        if port is not None:
            request = value(port.kinds[0], self.next_tag(port), length)
            self.asked(self.both(lambda port: port.send_copy(request), port), keep)

    def asked(self, pending: Twin | None, keep: bool) -> None:
        if pending is not None:
            self.both(lambda pending: pending.outcome, pending)
            if keep:
                self.pending.append(pending)

    @precondition(asking)
    @rule(client=PICK, length=LENGTHS, how=st.sampled_from(["", "skip", "raise", "nonsense"]))
    def ask_otherwise(self, client: int, length: int, how: str) -> None:
        port = self.pick(self.ports, client, role="client")
        if port is None:
            return
        number, kind = self.next_tag(port), port.kinds[0]

        def fill(payload: Any) -> object:
            write(kind, payload, number)
            if how == "raise":
                raise Interrupted
            return how != "skip"

        if how == "nonsense":
            one = wrong(kind)
            self.both(lambda port: port.send_copy(one), port)
        else:
            size = length + 8 if kind == "bytes" else None
            self.asked(self.both(lambda port: port.loan_send(fill, size), port), keep=True)

    @precondition(lambda self: self.pending)
    @rule(pending=PICK, keep=st.booleans())
    def take_response(self, pending: int, keep: bool) -> None:
        one = self.pending[pending % len(self.pending)]
        response = self.both(lambda pending: pending.take(), one)
        if response is not None:
            self.both(lambda response: response.view, response)
            if keep:
                self.samples.append(response)

    @precondition(lambda self: self.pending)
    @rule(pending=PICK, close=st.booleans())
    def give_up(self, pending: int, close: bool) -> None:
        one = self.pending[pending % len(self.pending)]
        if close:
            self.both(lambda pending: pending.close(), one)
        else:
            self.drop(self.pending, pending)

    # --- answering --------------------------------------------------------------------------------

    @precondition(serving)
    @rule(server=PICK, keep=st.sampled_from([True, True, False]))
    def take_request(self, server: int, keep: bool) -> None:
        port = self.pick(self.ports, server, role="server")
        if port is not None:
            facts = {"kind": port.kinds[1], "number": port.number}
            request = self.both(lambda port: port.take(), port, **facts)
            if request is not None:
                self.both(lambda request: request.view, request)
                if keep:
                    self.requests.append(request)

    @precondition(lambda self: self.requests)
    @rule(
        request=PICK,
        length=LENGTHS,
        how=st.sampled_from(["", "", "", "loan", "skip", "nonsense"]),
        times=st.integers(1, 4),
    )
    def respond(self, request: int, length: int, how: str, times: int) -> None:
        one = self.requests[request % len(self.requests)]
        kind = one.kind
        size = length + 8 if kind == "bytes" else None
        for _ in range(times):
            number = self.next_tag(one)

            def fill(payload: Any, number: int = number) -> object:
                write(kind, payload, number)
                return how != "skip"

            if how in ("loan", "skip"):
                self.both(lambda request, fill=fill: request.loan_respond(fill, size), one)
            else:
                response = wrong(kind) if how == "nonsense" else value(kind, number, length)
                self.both(lambda request, response=response: request.respond(response), one)

    @precondition(lambda self: self.requests)
    @rule(request=PICK, how=st.sampled_from(["finish", "drop", "keep view"]))
    def end_request(self, request: int, how: str) -> None:
        one = self.requests[request % len(self.requests)]
        if how == "finish":
            self.both(lambda request: request.finish(), one)
            return
        if how == "keep view":
            view = self.both(lambda request: [request.view], one)
            if view is not None:
                self.views.append(view)
        del one
        self.drop(self.requests, request)
