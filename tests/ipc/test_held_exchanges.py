"""What a client or server took stays as it was when that is gone and the other side goes on."""

from __future__ import annotations

from collections import deque

import pytest

from taktora.ipc import Node

from .test_held import FIRST, MANY, SIZE, VIEWS

LIMITS = {"max_bytes": SIZE, "max_active_requests": 4, "response_buffer": 2, "max_borrowed": 2}


@pytest.mark.rule("CHAN-04")
@pytest.mark.parametrize("look", VIEWS)
@pytest.mark.parametrize("end", ["pending response", "client", "node"])
def test_a_view_of_a_response_outlives_what_took_it_unchanged(node, domain, look, end):
    service = node.service("s", bytes, bytes, max_clients=2, **LIMITS)
    server, other = service.server(), service.client()
    taker = Node(domain=domain)
    client = taker.service("s", bytes, bytes).client()
    pending = client.send_copy(b"first")
    server.take().respond(FIRST)
    view = VIEWS[look](pending.take())
    {"pending response": pending, "client": client, "node": taker}[end].close()
    del pending
    asking = [other] if client.closed else [other, client]
    waiting, held = deque(maxlen=2), deque(maxlen=2)  # one taken and one not, of each
    for n in range(MANY):
        waiting.append(asking[n % len(asking)].send_copy(b"later"))
        request = server.take()
        for _ in range(2):
            request.respond(bytes(SIZE))
        held.append(waiting[-1].take())
    assert bytes(view) == FIRST
    taker.close()


@pytest.mark.rule("CHAN-04")
@pytest.mark.parametrize("look", VIEWS)
@pytest.mark.parametrize("end", ["request", "server", "node"])
def test_a_view_of_a_request_outlives_what_took_it_unchanged(node, domain, look, end):
    service = node.service("s", bytes, bytes, max_servers=2, **LIMITS)
    client, other = service.client(), service.server()
    taker = Node(domain=domain)
    server = taker.service("s", bytes, bytes).server()
    client.send_copy(FIRST)
    request = server.take()
    view = VIEWS[look](request)
    if end == "request":
        request.finish()
    else:
        {"server": server, "node": taker}[end].close()
    del request
    serving = [other] if server.closed else [other, server]
    held = deque(maxlen=1)
    for n in range(MANY):
        client.send_copy(bytes(SIZE))
        for one in serving:
            taken = one.take()
            if n % 2:
                held.append(taken)
            del taken
    assert bytes(view) == FIRST
    taker.close()
