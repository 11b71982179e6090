"""What iceoryx2 does that one would not expect: here it is, and in memory it is the same."""

from __future__ import annotations

import ctypes

import pytest

from taktora.errors import BorrowLimitReached, PortLimitReached

U64 = ctypes.c_uint64


@pytest.mark.rule("INMEM-10")
def test_max_borrowed_counts_for_each_publisher_by_itself(node):
    channel = node.channel("c", U64, max_borrowed=1)
    one, two = channel.publisher(), channel.publisher()
    subscriber = channel.subscriber()
    one.send_copy(1), one.send_copy(2), two.send_copy(3)
    held = [subscriber.take(), subscriber.take()]
    assert sorted(sample.payload for sample in held) == [1, 3]
    with pytest.raises(BorrowLimitReached):
        subscriber.take()
    del held[0 if held[0].payload == 1 else 1]
    assert subscriber.take().payload == 2


@pytest.mark.rule("INMEM-10")
def test_a_subscriber_at_its_limit_that_has_nothing_waiting_takes_nothing(node):
    channel = node.channel("c", U64, max_borrowed=1)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    publisher.send_copy(1)
    held = subscriber.take()
    assert subscriber.take() is None
    assert held.payload == 1


@pytest.mark.rule("INMEM-11")
def test_a_client_has_its_slot_as_long_as_anything_of_it_is_held(node):
    service = node.service("s", U64, U64, max_clients=1)
    server, client = service.server(), service.client()
    pending = client.send_copy(1)
    server.take().respond(2)
    response = pending.take()
    client.close()
    with pytest.raises(PortLimitReached):
        service.client()
    assert response.payload == 2
    del response
    service.client()


@pytest.mark.rule("INMEM-11")
def test_a_server_has_its_slot_as_long_as_a_request_of_it_is_held(node):
    service = node.service("s", U64, U64, max_servers=1)
    server, client = service.server(), service.client()
    pending = client.send_copy(1)
    request = server.take()
    server.close()
    with pytest.raises(PortLimitReached):
        service.server()
    assert client.send_copy(2).outcome.subscribers_reached == 1
    assert request.is_connected
    del request
    assert not pending.is_connected
    service.server()


@pytest.mark.rule("INMEM-12")
def test_a_request_of_a_client_that_is_gone_is_passed_over(node):
    service = node.service("s", U64, U64)
    server, client = service.server(), service.client()
    assert not server.wakeup.has_data()
    client.send_copy(1)
    client.close()
    assert server.wakeup.has_data()
    assert server.take() is None


@pytest.mark.rule("INMEM-12")
def test_a_request_of_a_client_that_no_server_has_noticed_is_lost_with_it(node):
    service = node.service("s", U64, U64)
    server, client = service.server(), service.client()
    client.send_copy(1)
    client.close()
    assert not server.wakeup.has_data()


@pytest.mark.rule("INMEM-13")
def test_finding_nothing_for_one_request_loses_what_a_closed_server_said_to_another(node):
    service = node.service("s", U64, U64)
    server, client = service.server(), service.client()
    one, two = client.send_copy(1), client.send_copy(2)
    for request in server:
        request.respond(request.payload * 10)
    del request
    server.close()
    assert one.take().payload == 10
    assert two.has_response
    assert one.take() is None
    assert not two.has_response
    assert two.take() is None


@pytest.mark.rule("INMEM-14")
def test_a_request_that_outlives_its_client_answers_whoever_has_the_clients_slot_now(node):
    service = node.service("s", U64, U64, max_clients=1)
    server, first = service.server(), service.client()
    abandoned = first.send_copy(1)
    request = server.take()
    abandoned.close()
    first.close()
    assert not request.is_connected
    second = service.client()
    pending = second.send_copy(2)
    theirs = server.take()
    assert theirs.payload == 2
    assert request.is_connected
    request.respond(99)
    assert pending.take().payload == 99


@pytest.mark.rule("INMEM-15")
def test_a_response_that_nobody_took_shows_when_its_lane_is_used_again(node):
    service = node.service("s", U64, U64, max_servers=1, max_active_requests=1)
    server, client = service.server(), service.client()
    pending = client.send_copy(0)
    server.take().respond(1)
    pending.close()
    found = []
    for _ in range(12):
        pending = client.send_copy(0)
        server.take()
        found.append((pending.has_response, pending.take()))
        pending.close()
    assert found == [(False, None)] * 9 + [(True, None)] + [(False, None)] * 2


@pytest.mark.rule("INMEM-16")
def test_a_sample_keeps_its_channel_alive_but_not_the_event_beside_it(make_node):
    node = make_node()
    channel = node.channel("c", U64, buffer_size=3)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    publisher.send_copy(1)
    sample = subscriber.take()
    publisher.close()
    subscriber.close()
    del channel
    assert node.channel("c", U64).limits.buffer_size == 3
    assert sample.payload == 1
    del sample
    assert node.channel("c", U64).limits.buffer_size == 16


@pytest.mark.rule("INMEM-17")
@pytest.mark.parametrize(
    "look", [lambda s: s, lambda s: s.payload, lambda s: s.view, lambda s: s.numpy()]
)
@pytest.mark.parametrize("drop", [False, True])
def test_a_subscriber_has_its_slot_as_long_as_anything_that_it_took_is_held(node, look, drop):
    channel = node.channel("c", bytes, max_subscribers=1)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    publisher.send_copy(b"held")
    held = look(subscriber.take())
    if drop:
        del subscriber
    else:
        subscriber.close()
    with pytest.raises(PortLimitReached, match=r"closed ones included.*is held"):
        channel.subscriber()
    assert channel.subscriber_count == 1
    outcome = publisher.send_copy(b"more")
    assert (outcome.subscribers_reached, outcome.listeners_notified) == (1, 0)
    assert bytes(getattr(held, "payload", held)) == b"held"
    del held
    assert channel.subscriber_count == 0
    channel.subscriber()


@pytest.mark.rule("INMEM-17")
def test_a_subscriber_of_which_nothing_is_held_frees_its_slot_when_closed(node):
    channel = node.channel("c", U64, max_subscribers=1)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    publisher.send_copy(1), publisher.send_copy(2)
    read = subscriber.take().payload
    subscriber.close()
    channel.subscriber()
    assert read == 1


@pytest.mark.rule("INMEM-17")
def test_a_closed_subscriber_of_which_something_is_held_fills_up_and_then_blocks_nobody(node):
    channel = node.channel("c", U64, buffer_size=2, max_subscribers=2, overflow=False)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    publisher.send_copy(0)
    held = subscriber.take()
    subscriber.close()
    assert [publisher.send_copy(n).sent for n in range(3)] == [True, True, False]
    reader = channel.subscriber()
    for n in range(5):
        outcome = publisher.send_copy(n)
        assert (outcome.sent, outcome.subscribers_reached) == (True, 1)
        assert reader.take().payload == n
    assert held.payload == 0


@pytest.mark.rule("INMEM-18")
def test_a_publisher_that_closes_with_a_loan_out_keeps_its_slot_and_meets_nobody_new(node):
    channel = node.channel("c", U64, max_publishers=1, history_size=2)
    publisher = channel.publisher()
    publisher.send_copy(1)
    assert channel.subscriber().take().payload == 1
    loan = publisher.loan()
    payload = loan.__enter__()
    publisher.close()
    with pytest.raises(PortLimitReached):
        channel.publisher()
    assert channel.subscriber().take() is None
    del loan, payload
    channel.publisher()
