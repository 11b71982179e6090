"""What becomes of a send: overflow, outcome, loans and their limits."""

from __future__ import annotations

import ctypes
import threading

import iceoryx2 as iox
import numpy as np
import pytest

from taktora.errors import (
    BorrowLimitReached,
    InvalidArgument,
    PayloadTooLarge,
    PortClosed,
    WrongType,
)
from taktora.ipc import NotifyOutcome
from taktora.transport.outlet import MAX_LOANS

from .shapes import Vector

U64 = ctypes.c_uint64


def values(subscriber):
    return [int(sample.payload) for sample in subscriber]


@pytest.mark.rule("CHAN-10")
def test_a_full_buffer_keeps_the_newest(node):
    channel = node.channel("c", U64, buffer_size=3)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    assert all(publisher.send_copy(n).sent for n in range(10))
    assert values(subscriber) == [7, 8, 9]


@pytest.mark.rule("CHAN-11")
def test_without_overflow_a_full_buffer_keeps_the_oldest_and_says_so(node):
    channel = node.channel("c", U64, buffer_size=3, overflow=False)
    publisher = channel.publisher()
    assert (
        publisher._raw.backpressure_strategy == iox.BackpressureStrategy.DiscardData
    )  # else hangs
    assert publisher.send_copy(0) == NotifyOutcome(True, 0)
    slow, quick = channel.subscriber(), channel.subscriber()
    assert all(publisher.send_copy(n).subscribers_reached == 2 for n in range(3))
    assert publisher.send_copy(3) == NotifyOutcome(False, 0)
    assert values(quick) == [0, 1, 2]
    outcome = publisher.send_copy(4)
    assert (outcome.sent, outcome.subscribers_reached) == (True, 1)
    assert values(slow) == [0, 1, 2]
    assert values(quick) == [4]


@pytest.mark.rule("CHAN-11")
def test_a_full_buffer_never_blocks_the_sender(script):
    output = script(
        """
import ctypes
from taktora.ipc import Node
with Node() as node:
    channel = node.channel("c", ctypes.c_uint64, buffer_size=1, overflow=False)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    print([publisher.send_copy(n).sent for n in range(3)])
    service = node.service("s", ctypes.c_uint64, ctypes.c_uint64, response_buffer=1)
    server, client = service.server(), service.client()
    pending = client.send_copy(1)
    request = server.take()
    print([request.respond(n).sent for n in range(3)], [int(r.payload) for r in pending])
""",
        timeout=20,
    )
    assert output == "[True, False, False]\n[True, True, True] [2]\n"


@pytest.mark.rule("CHAN-12")
def test_the_outcome_counts_listeners_and_subscribers(node):
    channel = node.channel("c", U64)
    publisher = channel.publisher()
    alone = publisher.send_copy(1)
    assert alone == NotifyOutcome(sent=True, listeners_notified=0)
    assert not alone.delivered_to_any_listener
    ports = [channel.subscriber() for _ in range(3)]
    outcome = publisher.send_copy(1)
    assert outcome == NotifyOutcome(True, 3)
    assert outcome.subscribers_reached == len(ports)
    assert outcome.delivered_to_any_listener
    assert not NotifyOutcome(False, 3).delivered_to_any_listener


@pytest.mark.rule("CHAN-12")
def test_an_outcome_is_frozen_and_equal_by_what_happened(node):
    outcome = node.channel("c", U64).publisher().send_copy(1)
    with pytest.raises(AttributeError):
        outcome.sent = False
    assert NotifyOutcome(True, 1, 5) == NotifyOutcome(True, 1, 6)
    assert NotifyOutcome(True, 1) != NotifyOutcome(True, 2)


@pytest.mark.rule("CHAN-13")
@pytest.mark.parametrize(
    ("payload_type", "size", "dirty", "zero"),
    [
        (Vector, None, Vector(1, 2), lambda p: (p.x, p.y) == (0, 0)),
        (U64, None, 77, lambda p: p.value == 0),
        (bytes, 9, b"x" * 9, lambda p: p == bytes(9)),
        (np.dtype(("f4", (2,))), None, np.ones(2, "f4"), lambda p: not p.any()),
    ],
    ids=str,
)
def test_loan_send_offers_zeroed_memory(node, payload_type, size, dirty, zero):
    channel = node.channel("c", payload_type)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    for _ in range(4):
        publisher.send_copy(dirty)
        subscriber.take()
    seen = []
    publisher.loan_send(lambda payload: seen.append(zero(payload)), size)
    assert seen == [True]


WRITES = [
    (Vector, None, lambda p: setattr(p, "y", 5), lambda got: got.y == 5),
    (U64, None, lambda p: setattr(p, "value", 5), lambda got: got == 5),
    (bytes, 3, lambda p: p.__setitem__(slice(None), b"abc"), lambda got: got == b"abc"),
    (bytes, 0, lambda p: p.nbytes, lambda got: got == b""),
    (bytes, 100_000, lambda p: p.__setitem__(99_999, 1), lambda got: got[99_999] == 1),
    (
        np.dtype([("x", "f4")]),
        None,
        lambda p: p.__setitem__("x", 5),
        lambda got: got["x"] == 5,
    ),
]


@pytest.mark.rule("CHAN-13")
@pytest.mark.parametrize(("payload_type", "size", "write", "right"), WRITES)
def test_what_fill_wrote_arrives(node, payload_type, size, write, right):
    channel = node.channel("c", payload_type)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    outcome = publisher.loan_send(write, size)
    assert outcome == NotifyOutcome(True, 1)
    assert right(subscriber.take().payload)


@pytest.mark.rule("CHAN-14")
@pytest.mark.parametrize(("payload_type", "size", "write", "right"), WRITES)
def test_what_was_written_in_a_loan_arrives(node, payload_type, size, write, right):
    channel = node.channel("c", payload_type)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    loan = publisher.loan(size)
    assert publisher.last_outcome is None
    with loan as payload:
        write(payload)
        assert subscriber.take() is None
    assert loan.outcome == publisher.last_outcome == NotifyOutcome(True, 1)
    assert right(subscriber.take().payload)


@pytest.mark.rule("CHAN-13")
def test_a_fill_that_returns_false_sends_nothing(node):
    channel = node.channel("c", U64)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    for _ in range(3 * MAX_LOANS):
        assert publisher.loan_send(lambda _: False) == NotifyOutcome(False, 0)
    assert subscriber.take() is None
    assert not subscriber.wakeup.drain()
    for other in (None, True, 0, 1, ""):
        assert publisher.loan_send(lambda _, other=other: other).sent


@pytest.mark.rule("CHAN-13", "CHAN-14")
@pytest.mark.parametrize(("payload_type", "size"), [(U64, None), (Vector, None), (bytes, 10)])
def test_an_exception_sends_nothing_and_gives_the_loan_back(node, payload_type, size):
    channel = node.channel("c", payload_type)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    kept = []

    def fail(payload):
        kept.append(payload)
        raise KeyError("mine")

    for _ in range(3 * MAX_LOANS):
        with pytest.raises(KeyError, match="mine"):
            publisher.loan_send(fail, size)
        with pytest.raises(KeyError, match="mine"), publisher.loan(size) as payload:
            fail(payload)
    assert subscriber.take() is None
    assert publisher.last_outcome is None


@pytest.mark.rule("CHAN-16")
def test_too_many_loans_are_refused_until_one_is_given_back(node):
    channel = node.channel("c", U64)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    loans = [publisher.loan() for _ in range(MAX_LOANS)]
    for loan in loans:
        loan.__enter__()
    for refused in (
        lambda: publisher.send_copy(1),
        lambda: publisher.loan_send(print),
        lambda: publisher.loan().__enter__(),
    ):
        with pytest.raises(BorrowLimitReached, match=f"{MAX_LOANS} payloads are on loan"):
            refused()
    loans.pop().__exit__(None, None, None)
    assert publisher.send_copy(1).sent
    for loan in loans:
        loan.__exit__(ValueError, None, None)
    assert len(list(subscriber)) == 2


def test_a_loan_in_use_cannot_be_entered_again(node):
    loan = node.channel("c", U64).publisher().loan()
    with loan, pytest.raises(InvalidArgument, match="in use"), loan:
        pass
    with loan:
        pass
    assert loan.outcome.sent


@pytest.mark.rule("CHAN-17")
def test_more_than_max_bytes_is_refused_with_both_numbers(node):
    channel = node.channel("c", bytes, max_bytes=100)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    publisher.send_copy(bytes(100))
    for refused in (
        lambda: publisher.send_copy(bytes(101)),
        lambda: publisher.loan_send(print, 101),
        lambda: publisher.loan(101).__enter__(),
    ):
        with pytest.raises(PayloadTooLarge, match=r"101 bytes.*100"):
            refused()
    assert [sample.payload.nbytes for sample in subscriber] == [100]


@pytest.mark.rule("CHAN-17")
def test_more_than_shared_memory_has_is_an_error_and_not_a_bus_error(node):
    publisher = node.channel("c", bytes).publisher()
    with pytest.raises(PayloadTooLarge, match=f"{1 << 50} bytes"):
        publisher.loan(1 << 50).__enter__()
    assert publisher.send_copy(b"still fine").sent


@pytest.mark.rule("CHAN-05")
def test_a_publisher_without_max_bytes_grows(node):
    channel = node.channel("c", bytes)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    for size in (0, 1, 4096, 4097, 10_000, 1_000_000, 3, 5_000_000, 0):
        publisher.send_copy(bytes([size % 251]) * size)
        assert subscriber.take().payload == bytes([size % 251]) * size


BAD_LOANS = [
    (U64, 8, InvalidArgument),
    (bytes, None, InvalidArgument),
    (bytes, -1, InvalidArgument),
    (bytes, 1.5, WrongType),
    (bytes, "3", WrongType),
    (bytes, True, WrongType),
]


@pytest.mark.rule("CHAN-06")
@pytest.mark.parametrize(("payload_type", "size", "error"), BAD_LOANS)
def test_a_bad_loan_size_is_refused_and_nothing_is_sent(node, payload_type, size, error):
    channel = node.channel("c", payload_type)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    with pytest.raises(error):
        publisher.loan_send(print, size)
    with pytest.raises(error), publisher.loan(size):
        pass
    assert subscriber.take() is None


def test_a_fill_that_cannot_be_called_is_refused(node):
    with pytest.raises(WrongType, match="fill must be callable"):
        node.channel("c", U64).publisher().loan_send(5)


@pytest.mark.rule("CHAN-15")
def test_a_spent_array_is_read_only_and_a_spent_memoryview_is_released(node):
    array_publisher = node.channel("a", np.dtype("f8")).publisher()
    with array_publisher.loan() as payload:
        payload[()] = 1
    with pytest.raises(ValueError, match="read-only"):
        payload[()] = 2
    with node.channel("b", bytes).publisher().loan(3) as payload:
        payload[:] = b"abc"
    with pytest.raises(ValueError, match="released"):
        payload[0]


@pytest.mark.rule("CHAN-30")
def test_a_loan_whose_node_is_closed_inside_is_not_sent_and_says_so(node):
    publisher = node.channel("c", U64).publisher()
    with pytest.raises(PortClosed, match="closed"), publisher.loan():
        node.close()
    assert publisher.last_outcome is None


@pytest.mark.rule("CHAN-02")
def test_many_threads_can_share_one_publisher_and_one_subscriber(node):
    channel = node.channel("c", U64, buffer_size=20_000)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    got, done = [], threading.Event()

    def send(base):
        for n in range(2000):
            publisher.send_copy(base + n)

    def receive():
        while True:
            finished = done.is_set()
            got.extend(int(sample.payload) for sample in subscriber)
            if finished:
                return

    senders = [threading.Thread(target=send, args=(10_000 * i,)) for i in range(4)]
    receivers = [threading.Thread(target=receive) for _ in range(2)]
    for thread in senders + receivers:
        thread.start()
    for thread in senders:
        thread.join()
    done.set()
    for thread in receivers:
        thread.join()
    assert sorted(got) == [10_000 * i + n for i in range(4) for n in range(2000)]
