"""What the conformance machine cannot show: what only a fabric has."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from taktora.errors import PortClosed
from taktora.inmemory import Fabric, InMemoryNode

U64 = ctypes.c_uint64
ROOT = Path(__file__).parents[2]


@pytest.fixture
def fabric():
    return Fabric()


@pytest.fixture
def node(fabric):
    with InMemoryNode("n", domain="d", fabric=fabric) as node:
        yield node


def three_publishers(node):
    channel = node.channel("gate", U64)
    publishers = [channel.publisher() for _ in range(3)]
    subscriber = channel.subscriber()
    for number, which in enumerate((1, 0, 2, 1)):
        publishers[which].send_copy(number)
    return publishers, subscriber


@pytest.mark.rule("INMEM-03")
def test_payloads_are_taken_in_the_order_sent_unless_somebody_chooses(node):
    publishers, subscriber = three_publishers(node)
    assert [sample.payload for sample in subscriber] == [0, 1, 2, 3]
    assert len(publishers) == 3


@pytest.mark.rule("INMEM-03")
def test_the_chooser_gets_the_labels_of_those_that_have_something_oldest_first(fabric, node):
    asked = []

    def last(labels):
        asked.append(list(labels))
        return len(labels) - 1

    fabric.choose = last
    publishers, subscriber = three_publishers(node)
    assert [sample.payload for sample in subscriber] == [2, 1, 0, 3]
    p1, p2, p3 = (f"gate/publisher-{number}" for number in (1, 2, 3))
    assert asked == [[p2, p1, p3], [p2, p1]]
    assert len(publishers) == 3


@pytest.mark.rule("INMEM-03")
def test_servers_choose_between_clients_and_clients_between_servers(fabric, node):
    fabric.choose = lambda labels: len(labels) - 1
    service = node.service("s", U64, U64)
    servers = [service.server(), service.server()]
    clients = [service.client(), service.client()]
    pending = [client.send_copy(number) for number, client in enumerate(clients)]
    for number, server in enumerate(servers):
        requests = list(server)
        assert [request.payload for request in requests] == [1, 0]
        for request in requests:
            request.respond(10 * number + request.payload)
    assert [[response.payload for response in one] for one in pending] == [[10, 0], [11, 1]]


TRACE = """
import ctypes, sys
from taktora.inmemory import Fabric, InMemoryNode
told = []
def choose(labels):
    told.append(tuple(labels))
    return len(told) % len(labels)
fabric = Fabric(choose)
nodes = [InMemoryNode(f"n{i}", domain="d", fabric=fabric) for i in range(3)]
channels = [node.channel("c", bytes, history_size=4) for node in nodes]
publishers = [channel.publisher() for channel in channels for _ in range(2)]
subscribers = [channel.subscriber() for channel in channels for _ in range(2)]
for number, subscriber in enumerate(subscribers):
    subscriber.wakeup.listener.bell = lambda number=number: told.append(f"bell {number}")
for number, publisher in enumerate(publishers):
    publisher.send_copy(b"%d" % number)
print([sample.payload.tobytes() for sample in subscribers[0]])
nodes[0].close()
print([sample.payload.tobytes() for sample in channels[1].subscriber()], told)
"""


@pytest.mark.rule("INMEM-04")
def test_a_run_is_the_same_in_every_process_whatever_the_hash_seed():
    traces = {
        subprocess.run(
            [sys.executable, "-c", TRACE],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2", "random")
    }
    assert len(traces) == 1
    assert "bell 5" in traces.pop()


@pytest.mark.rule("INMEM-06")
def test_a_bell_rings_on_every_notification_when_it_is_pending_already(node):
    channel = node.channel("c", U64)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    listener = subscriber.wakeup.listener
    rung = []
    listener.bell = lambda: rung.append((listener.pending, subscriber.wakeup.has_data()))
    publisher.send_copy(1)
    publisher.send_copy(2)
    assert rung == [(1, True), (2, True)]
    assert listener.try_wait() == 2
    assert not listener.try_wait()
    assert listener.pending == 0


@pytest.mark.rule("INMEM-06")
def test_a_server_is_rung_by_a_request_and_a_client_by_a_response_and_by_its_end(node):
    service = node.service("s", U64, U64)
    server, client = service.server(), service.client()
    pending = client.send_copy(1)
    assert (server.wakeup.listener.pending, client.wakeup.listener.pending) == (1, 0)
    request = server.take()
    request.respond(2)
    request.finish()
    assert client.wakeup.listener.pending == 2
    assert not pending.is_connected


@pytest.mark.rule("INMEM-07")
def test_nodes_meet_on_the_same_fabric_and_in_the_same_domain_only(fabric, node):
    others = {
        "domain": InMemoryNode(domain="e", fabric=fabric),
        "fabric": InMemoryNode(domain="d", fabric=Fabric()),
        "neither": InMemoryNode(domain="d", fabric=fabric),
    }
    publisher = node.channel("c", U64).publisher()
    heard = {name: other.channel("c", U64).subscriber() for name, other in others.items()}
    assert publisher.send_copy(1).subscribers_reached == 1
    assert heard["neither"].take().payload == 1
    assert heard["domain"].take() is heard["fabric"].take() is None


@pytest.mark.rule("INMEM-07")
def test_a_closed_node_leaves_no_name_behind(fabric):
    node = InMemoryNode(domain="d", fabric=fabric)
    channel, service = node.channel("c", U64), node.service("s", U64, bytes)
    ports = channel.publisher(), channel.subscriber(), service.server(), service.client()
    node.close()
    node.close()
    assert not fabric.names("d")
    assert all(port.closed for port in ports)
    with pytest.raises(PortClosed, match="is closed"):
        node.channel("c", U64)
    with pytest.raises(PortClosed, match="is closed"):
        channel.publisher()


@pytest.mark.rule("INMEM-20")
def test_memory_has_no_end_and_a_loan_is_zeroed(node):
    channel = node.channel("c", bytes, buffer_size=1000, max_borrowed=4000)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    publisher.send_copy(b"x" * 100_000)
    with publisher.loan(100_000) as payload:
        assert not any(payload)
    assert [len(sample.payload) for sample in subscriber] == [100_000, 100_000]


@pytest.mark.rule("INMEM-21")
def test_what_any_number_of_closed_publishers_sent_can_be_taken(node):
    channel = node.channel("c", U64)
    subscriber = channel.subscriber()
    for number in range(200):
        with channel.publisher() as publisher:
            publisher.send_copy(number)
    assert [sample.payload for sample in subscriber] == list(range(200))


@pytest.mark.rule("INMEM-22")
def test_what_closed_growing_publishers_sent_can_be_taken(node):
    channel = node.channel("c", bytes)
    subscriber = channel.subscriber()
    publishers = [channel.publisher(), channel.publisher()]
    for publisher in publishers:
        publisher.send_copy(b"a" * 10_000)
    for publisher in publishers:
        publisher.close()
    assert len(list(subscriber)) == 2
