"""What was taken stays as it was when its port has gone and the sender goes on sending."""

from __future__ import annotations

import ctypes
from collections import deque

import numpy as np
import pytest

from taktora import Executor
from taktora.ipc import Node

from .conftest import leftovers
from .test_processes import finish, start

SIZE = 64
FIRST = bytes(range(1, SIZE + 1))
MANY = 100
"""Sends: several times what a sender has room for under these limits."""
LIMITS = {"buffer_size": 2, "max_borrowed": 2, "max_subscribers": 2, "max_publishers": 2}
KINDS = {
    "bytes": (bytes, FIRST, bytes(SIZE)),
    "bounded bytes": (bytes, FIRST, bytes(SIZE)),
    "dtype": (np.dtype(("u1", SIZE)), np.frombuffer(FIRST, "u1"), np.zeros(SIZE, "u1")),
    "ctypes": (ctypes.c_ubyte * SIZE, (ctypes.c_ubyte * SIZE)(*FIRST), (ctypes.c_ubyte * SIZE)()),
}
VIEWS = {
    "payload": lambda received: received.payload,
    "view": lambda received: received.view,
    "numpy": lambda received: received.numpy(),
    "slice of a cast": lambda received: received.view.cast("H")[:],
    "array of a slice": lambda received: np.frombuffer(received.view[:], "u1")[:],
}
OWNERS = {"node": Node, "executor": Executor}


def fill(send, other):
    """Send often, to a subscriber that holds what it may and lets more wait: all room is used."""
    held = deque(maxlen=LIMITS["max_borrowed"] - 1)
    for n in range(MANY):
        send()
        if n % 3 == 0:
            held.append(other.take())


@pytest.mark.rule("CHAN-04")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("look", VIEWS)
@pytest.mark.parametrize("end", ["close", "drop"])
def test_a_view_outlives_its_subscriber_unchanged(node, kind, look, end):
    payload_type, first, later = KINDS[kind]
    limits = LIMITS | ({"max_bytes": SIZE} if kind == "bounded bytes" else {})
    channel = node.channel("c", payload_type, **limits)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    publisher.send_copy(first)
    view = VIEWS[look](subscriber.take())
    if end == "close":
        subscriber.close()
    del subscriber
    fill(lambda: publisher.send_copy(later), channel.subscriber())
    assert bytes(view) == FIRST


@pytest.mark.rule("CHAN-04")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", ["close", "drop"])
def test_a_sample_that_nobody_has_read_outlives_its_subscriber_unchanged(node, kind, end):
    payload_type, first, later = KINDS[kind]
    channel = node.channel("c", payload_type, **LIMITS)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    publisher.send_copy(first)
    sample = subscriber.take()
    if end == "close":
        subscriber.close()
    del subscriber
    fill(lambda: publisher.send_copy(later), channel.subscriber())
    assert bytes(sample.payload) == sample.numpy().tobytes() == FIRST


@pytest.mark.rule("CHAN-04")
@pytest.mark.parametrize("overflow", [True, False])
def test_as_many_as_may_be_held_outlive_their_subscriber_unchanged(node, overflow):
    channel = node.channel("c", bytes, **LIMITS, overflow=overflow)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    for n in range(2):
        publisher.send_copy(bytes([n]) * SIZE)
    views = [sample.payload for sample in subscriber]
    publisher.send_copy(b"nobody takes this")
    subscriber.close()
    fill(lambda: publisher.send_copy(FIRST), channel.subscriber())
    assert views == [bytes(SIZE), bytes([1]) * SIZE]


def closing_once_it_has_received(subscriber):
    """What happens when another thread closes a subscriber in the middle of a take."""
    receive = subscriber._receive

    def receive_and_close():
        raw = receive()
        subscriber.close()
        return raw

    return receive_and_close


@pytest.mark.rule("CHAN-04")
def test_a_sample_taken_while_another_thread_closes_stays_unchanged(node):
    channel = node.channel("c", bytes, **LIMITS)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    publisher.send_copy(FIRST)
    subscriber._receive = closing_once_it_has_received(subscriber)
    sample = subscriber.take()
    assert subscriber.closed
    fill(lambda: publisher.send_copy(bytes(SIZE)), channel.subscriber())
    assert sample.payload == FIRST


@pytest.mark.rule("CHAN-04")
@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("look", VIEWS)
def test_a_view_outlives_the_node_of_its_subscriber_unchanged(node, domain, owner, look):
    channel = node.channel("c", bytes, **LIMITS)
    publisher = channel.publisher()
    with OWNERS[owner](domain=domain) as taker:
        subscriber = taker.channel("c", bytes).subscriber()
        publisher.send_copy(FIRST)
        view = VIEWS[look](subscriber.take())
    fill(lambda: publisher.send_copy(bytes(SIZE)), channel.subscriber())
    assert bytes(view) == FIRST


ELSEWHERE = """
import sys
from taktora.ipc import Node
with Node() as node:
    publisher = node.channel("c", bytes).publisher()
    for line in sys.stdin:
        publisher.send_copy(bytes.fromhex(line))
        print("sent", flush=True)
"""


@pytest.mark.rule("CHAN-04")
@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("end", ["subscriber", "owner"])
def test_what_another_process_sent_outlives_its_subscriber_unchanged(node, domain, owner, end):
    def send(payload=bytes(SIZE)):
        sender.stdin.write(f"{payload.hex()}\n")
        sender.stdin.flush()
        assert sender.stdout.readline() == "sent\n"

    channel = node.channel("c", bytes, **LIMITS)
    taker = OWNERS[owner](domain=domain)
    subscriber = taker.channel("c", bytes).subscriber()
    sender = start(domain, ELSEWHERE)
    send(FIRST)
    view = subscriber.take().payload
    (subscriber if end == "subscriber" else taker).close()
    fill(send, channel.subscriber())
    assert view == FIRST
    taker.close()
    fill(send, channel.subscriber())
    assert view == FIRST
    finish(sender)


@pytest.mark.rule("CHAN-04", "CHAN-31")
@pytest.mark.parametrize("held", ["sample", "view"])
def test_publishers_that_come_and_go_leave_nothing_because_something_is_held(node, domain, held):
    channel = node.channel("c", bytes, **LIMITS)
    first, subscriber = channel.publisher(), channel.subscriber()
    first.send_copy(FIRST)
    kept = subscriber.take()
    if held == "view":
        kept = kept.view
    first.close()
    subscriber.close()
    counts = set()
    for _ in range(20):
        with channel.publisher() as publisher:
            for _ in range(5):
                publisher.send_copy(bytes(SIZE))
        counts.add(len(leftovers(domain)))
    assert len(counts) == 1
    assert bytes(getattr(kept, "payload", kept)) == FIRST


@pytest.mark.rule("CHAN-04", "CHAN-35")
@pytest.mark.parametrize("look", ["", ".view", ".numpy()"])
@pytest.mark.parametrize("closed", [True, False])
def test_a_forked_child_that_lets_go_of_what_is_held_harms_nothing(script, look, closed):
    output = script(
        f"""
import gc, os
from taktora.ipc import Node
with Node() as node:
    channel = node.channel("c", bytes, buffer_size=2, max_subscribers=2)
    publisher, subscriber, other = channel.publisher(), channel.subscriber(), channel.subscriber()
    publisher.send_copy(b"held")
    held = subscriber.take(){look}
    if {closed}:
        subscriber.close()
    gc.collect()
    child = os.fork()
    if not child:
        del held
        gc.collect()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    for n in range({MANY}):
        assert publisher.send_copy(b"more").subscribers_reached == 2
    assert bytes(getattr(held, "payload", held)) == b"held"
    assert channel.subscriber_count == 2
    subscriber.close()
    del held
    assert channel.subscriber_count == 1
print("unharmed")
"""
    )
    assert output == "unharmed\n"
