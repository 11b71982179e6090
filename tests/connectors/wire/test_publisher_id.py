"""Every sample says who published it, in shared memory and in a simulation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from taktora.errors import BorrowLimitReached, PortClosed
from tests.runtimes import driven, eventually

pytestmark = pytest.mark.virtual


@pytest.mark.rule("CHAN-42")
def test_publishers_have_numbers_that_nobody_else_has_or_had(
    make_executor: Callable[..., Any],
) -> None:
    executor = make_executor()
    channel = executor.channel("who", bytes, history_size=1)
    subscriber, other = channel.subscriber(), channel.subscriber()
    found: list[int] = []
    for _ in range(3):
        with channel.publisher() as publisher:
            publisher.send_copy(b"1")
            publisher.send_copy(b"2")
        ids = {sample.publisher_id for sample in subscriber}
        assert ids == {sample.publisher_id for sample in other}
        assert len(ids) == 1
        found += ids
    assert len(set(found)) == 3
    with channel.publisher() as publisher:
        publisher.send_copy(b"history")
        subscriber.take()
        late = channel.subscriber()
        assert late.take().publisher_id not in found


@pytest.mark.rule("CHAN-42")
def test_a_sample_that_went_with_its_node_does_not_say_it_any_more(
    make_executor: Callable[..., Any],
) -> None:
    executor = make_executor()
    channel = executor.channel("who", bytes)
    subscriber, publisher = channel.subscriber(), channel.publisher()
    publisher.send_copy(b"1")
    sample = subscriber.take()
    executor.close()
    with pytest.raises(PortClosed):
        _ = sample.publisher_id


@pytest.mark.rule("CHAN-42")
def test_bytes_may_be_taken_without_a_sample_around_them(
    make_executor: Callable[..., Any],
) -> None:
    executor = make_executor()
    channel = executor.channel("plain", bytes, max_borrowed=2)
    subscriber, samples, publisher = channel.subscriber(), channel.subscriber(), channel.publisher()
    assert subscriber.take_bytes() is None
    for payload in (b"abc", b"", b"de"):
        publisher.send_copy(payload)
    first, publisher_id = subscriber.take_bytes()
    assert not subscriber.drained
    assert (first, first.readonly) == (b"abc", True)
    assert publisher_id == samples.take().publisher_id
    assert subscriber.take_bytes()[0] == b""
    second = subscriber.take_bytes()
    assert second[0] == b"de"
    publisher.send_copy(b"one too many to hold")
    with pytest.raises(BorrowLimitReached):
        subscriber.take_bytes()
    del second
    assert subscriber.take_bytes() is not None
    assert subscriber.take_bytes() is None
    assert subscriber.drained
    subscriber.close()
    with pytest.raises(PortClosed):
        subscriber.take_bytes()
    assert first == b"abc", "what is looked at stays"


@pytest.mark.rule("CHAN-42")
def test_what_a_closing_publisher_left_can_be_taken_as_bytes(
    make_executor: Callable[..., Any],
) -> None:
    executor = make_executor()
    channel = executor.channel("plain", bytes)
    subscriber = channel.subscriber()
    with channel.publisher() as publisher:
        publisher.send_copy(b"left")
    taken = subscriber.take_bytes()
    assert taken is not None
    assert taken[0] == b"left"


@pytest.mark.rule("CHAN-01")
@pytest.mark.parametrize("size", [0, 1, 1_000, 1_024, 1_025, 70_000])
def test_two_parts_arrive_as_one_payload(make_executor: Callable[..., Any], size: int) -> None:
    executor = make_executor()
    channel = executor.channel("parts", bytes)
    subscriber, publisher = channel.subscriber(), channel.publisher()
    body = bytes(n % 253 for n in range(size))
    for part in (body, memoryview(bytearray(body))):
        publisher.send_parts(b"head", part)
        assert subscriber.take_bytes()[0] == b"head" + body
    woken: list[Any] = []
    import taktora

    executor.add(
        taktora.item(
            lambda: woken.extend(subscriber), triggers=lambda on: on.subscriber(subscriber)
        )
    )
    with driven(executor):
        assert publisher.send_parts(b"", body).delivered_to_any_listener
        eventually(executor, lambda: len(woken) == 1)
    publisher.close()
    with pytest.raises(PortClosed):
        publisher.send_parts(b"head", body)
