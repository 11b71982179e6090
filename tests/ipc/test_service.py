"""Requests and responses."""

from __future__ import annotations

import ctypes
import gc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taktora.errors import (
    BorrowLimitReached,
    InvalidArgument,
    PayloadTooLarge,
    PortClosed,
    ReadOnlyPayload,
    WrongType,
)
from taktora.ipc import NotifyOutcome

from .shapes import Vector

U64 = ctypes.c_uint64


def pair(node, request=U64, response=U64, **limits):
    service = node.service("sum", request, response, **limits)
    return service.server(), service.client()


@pytest.mark.rule("CHAN-50")
@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    question=st.binary(max_size=10_000), answers=st.lists(st.binary(max_size=10_000), max_size=16)
)
def test_a_request_and_each_of_its_responses_arrive_equal_and_in_order(node, question, answers):
    server, client = pair(node, bytes, bytes)
    with server, client, client.send_copy(question) as pending:
        assert pending.outcome == NotifyOutcome(True, 1)
        request = server.take()
        assert request.payload == question
        assert server.take() is None
        for answer in answers:
            assert request.respond(answer) == NotifyOutcome(True, 1)
        assert [response.payload for response in pending] == answers


KINDS = [
    (Vector, Vector(1, 2), lambda p: p.y == 2),
    (U64, 7, lambda p: p == p.value == 7),
    (bytes, b"abc", lambda p: p == b"abc"),
    (np.dtype(("f8", (2,))), np.array([1.0, 2.0]), lambda p: p.tolist() == [1, 2]),
]


@pytest.mark.rule("CHAN-50")
@pytest.mark.parametrize(("request_type", "question", "asked"), KINDS)
@pytest.mark.parametrize(("response_type", "answer", "answered"), KINDS)
def test_every_kind_can_be_asked_and_answered(  # noqa: PLR0917
    node, request_type, question, asked, response_type, answer, answered
):
    server, client = pair(node, request_type, response_type)
    pending = client.send_copy(question)
    request = server.take()
    assert asked(request.payload)
    assert request.numpy().nbytes == request.view.nbytes
    request.respond(answer)
    response = pending.take()
    assert answered(response.payload)
    assert response.view.readonly
    assert pending.take() is None


@pytest.mark.rule("CHAN-03", "CHAN-50")
def test_requests_and_responses_are_read_only(node):
    server, client = pair(node, Vector, Vector)
    pending = client.send_copy(Vector(1, 2))
    request = server.take()
    request.respond(Vector(3, 4))
    for received in (request, pending.take()):
        with pytest.raises(ReadOnlyPayload):
            received.payload.x = 5
        with pytest.raises(TypeError):
            received.view[0] = 5


@pytest.mark.rule("CHAN-50")
def test_requests_and_responses_can_be_written_in_place(node):
    server, client = pair(node, Vector, bytes)
    pending = client.loan_send(lambda payload: setattr(payload, "x", 5))
    request = server.take()
    assert (request.payload.x, request.payload.y) == (5, 0)
    assert request.loan_respond(lambda payload: payload.__setitem__(0, 9), 3).sent
    assert pending.take().payload == b"\x09\0\0"
    assert client.loan_send(lambda _: False) is None
    assert request.loan_respond(lambda _: False, 3) == NotifyOutcome(False, 0)
    with pytest.raises(ZeroDivisionError):
        client.loan_send(lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        request.loan_respond(lambda _: 1 / 0, 3)
    assert server.take() is None
    assert pending.take() is None


@pytest.mark.rule("CHAN-51")
@pytest.mark.parametrize("finish", [True, False])
def test_an_exchange_ends_for_the_client_when_the_server_is_done(node, finish):
    server, client = pair(node)
    pending = client.send_copy(1)
    request = server.take()
    request.respond(2)
    assert pending.is_connected
    if finish:
        request.finish()
        request.finish()
        with pytest.raises(PortClosed, match="finished"):
            request.respond(3)
        assert not request.is_connected
    del request
    gc.collect()
    assert not pending.is_connected
    assert [int(r.payload) for r in pending] == [2]


@pytest.mark.rule("CHAN-51", "CHAN-52")
@pytest.mark.parametrize("end", ["drop", "close", "client"])
def test_responding_to_a_client_that_has_gone_is_not_sent_and_no_error(node, end):
    server, client = pair(node)
    pending = client.send_copy(1)
    request = server.take()
    assert request.is_connected
    if end == "drop":
        del pending
    elif end == "close":
        pending.close()
        with pytest.raises(PortClosed):
            pending.take()
    else:
        client.close()
    gc.collect()
    assert not request.is_connected
    assert request.respond(2) == NotifyOutcome(False, 0)
    assert request.payload == 1


@pytest.mark.rule("CHAN-52")
def test_a_request_without_a_server_is_lost_and_says_so(node):
    client = node.service("sum", U64, U64).client()
    pending = client.send_copy(1)
    assert pending.outcome == NotifyOutcome(False, 0)
    assert not pending.is_connected
    assert pending.take() is None


@pytest.mark.rule("CHAN-50")
def test_every_server_gets_every_request(node):
    service = node.service("sum", U64, U64)
    servers, client = [service.server() for _ in range(3)], service.client()
    pending = client.send_copy(1)
    assert pending.outcome.subscribers_reached == 3
    for n, server in enumerate(servers):
        server.take().respond(n)
    assert sorted(int(r.payload) for r in pending) == [0, 1, 2]


@pytest.mark.rule("CHAN-53")
def test_too_many_open_requests_are_refused_until_one_is_dropped(node):
    server, client = pair(node, max_active_requests=3)
    pending = [client.send_copy(n) for n in range(3)]
    for _ in range(20):
        with pytest.raises(BorrowLimitReached, match=r"3 requests.*max_active_requests"):
            client.send_copy(9)
    pending.pop()
    full = client.send_copy(4)
    assert full.outcome == NotifyOutcome(False, 0)
    assert [int(r.payload) for r in server] == [0, 1, 2]
    full.close()
    assert client.send_copy(5).outcome.sent


@pytest.mark.rule("CHAN-53")
def test_too_many_responses_held_are_refused_until_one_is_dropped(node):
    server, client = pair(node, max_borrowed=2)
    pending = client.send_copy(0)
    request = server.take()
    for n in range(4):
        request.respond(n)
    held = [pending.take(), pending.take()]
    with pytest.raises(BorrowLimitReached, match=r"2 responses.*max_borrowed"):
        pending.take()
    held.clear()
    assert pending.take().payload == 2


@pytest.mark.rule("CHAN-53")
def test_wrong_requests_and_responses_are_refused_and_nothing_is_sent(node):
    server, client = pair(node, ctypes.c_uint8, bytes, max_bytes=10)
    for value, error in ((300, InvalidArgument), ("x", WrongType), (None, WrongType)):
        with pytest.raises(error, match="the request of service 'sum'"):
            client.send_copy(value)
    assert server.take() is None
    assert not server.wakeup.drain()
    pending = client.send_copy(1)
    request = server.take()
    for value, error in ((bytes(11), PayloadTooLarge), ("x", WrongType), (1, WrongType)):
        with pytest.raises(error, match="the response of service 'sum'"):
            request.respond(value)
    assert pending.take() is None
    assert request.respond(bytes(10)).sent


@pytest.mark.rule("CHAN-54")
def test_requests_wake_servers_and_responses_wake_clients(node):
    server, client = pair(node)
    assert (server.wakeup.kind, server.wakeup.source) == ("server", server)
    assert (client.wakeup.kind, client.wakeup.source) == ("client", client)
    assert not server.wakeup.drain()
    pending, unanswered = client.send_copy(1), client.send_copy(2)
    assert server.wakeup.has_data()
    assert server.wakeup.drain()
    assert not client.wakeup.drain()
    assert not client.wakeup.has_data()
    request, other = server.take(), server.take()
    request.respond(1)
    assert client.wakeup.drain()
    assert client.wakeup.has_data()
    assert pending.has_response
    assert not unanswered.has_response
    pending.take()
    assert not client.wakeup.has_data()
    other.finish()
    assert client.wakeup.drain()
    assert not unanswered.is_connected


@pytest.mark.rule("CHAN-41")
def test_drained_and_more_follow_the_latest_take_of_servers_and_clients(node):
    server, client = pair(node)
    assert (server.drained, client.drained) == (True, True)
    pendings = [client.send_copy(n) for n in range(2)]
    assert not server.wakeup.more()
    first = server.take()
    assert (server.drained, server.wakeup.more()) == (False, True)
    second = server.take()
    assert (server.drained, server.wakeup.more()) == (False, False)
    assert server.take() is None
    assert server.drained
    first.respond(1)
    second.respond(2)
    assert not client.wakeup.more()
    assert pendings[0].take() is not None
    assert (client.drained, client.wakeup.more()) == (False, True)
    assert pendings[0].take() is None
    assert client.drained


@pytest.mark.rule("CHAN-30")
def test_a_closed_client_closes_its_pending_responses(node):
    server, client = pair(node)
    pending = client.send_copy(1)
    request = server.take()
    request.respond(5)
    response = pending.take()
    client.close()
    assert pending.closed
    assert "closed" in repr(pending)
    assert response.payload == 5
    server.close()
    with pytest.raises(PortClosed):
        request.respond(1)
    request.finish()


@pytest.mark.rule("CHAN-50")
def test_a_server_in_another_process_answers(node, script):
    import threading

    service = node.service("sum", Vector, ctypes.c_double)
    client = service.client()
    answers = []

    def ask():
        while not answers:
            with client.send_copy(Vector(1, 2)) as pending:
                while pending.outcome.sent and not answers:
                    client.wakeup.listener.timed_wait(_SHORT)
                    answers.extend(r.payload.value for r in pending)

    import iceoryx2 as iox

    _SHORT = iox.Duration.from_millis(20)
    asking = threading.Thread(target=ask)
    asking.start()
    script(
        """
import ctypes
import iceoryx2 as iox
from taktora.ipc import Node
class Vector(ctypes.Structure):
    _fields_ = [("x", ctypes.c_double), ("y", ctypes.c_double)]
with Node() as node:
    server = node.service("sum", Vector, ctypes.c_double).server()
    while True:
        server.wakeup.listener.timed_wait(iox.Duration.from_millis(20))
        request = server.take()
        if request is not None:
            request.respond(request.payload.x + request.payload.y)
            while request.is_connected:
                server.wakeup.listener.timed_wait(iox.Duration.from_millis(5))
            break
"""
    )
    asking.join(10)
    assert answers == [3.0]


@pytest.mark.rule("CHAN-53")
def test_a_request_never_pushes_out_one_that_somebody_waits_for(node):
    server, client = pair(node, max_active_requests=2)
    waiting = client.send_copy(0)
    for n in range(1, 10):
        client.send_copy(n).close()
    assert 0 in [int(request.payload) for request in server]
    assert waiting.outcome.sent
