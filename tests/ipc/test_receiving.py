"""Taking samples, being woken for them, and holding on to them."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import iceoryx2 as iox
import pytest

from taktora.errors import BorrowLimitReached, WrongType
from taktora.ipc import listener_wakeup
from taktora.transport.names import CHANNEL_EVENT

from .shapes import Vector

U64 = ctypes.c_uint64


def pair(node, name="c", payload_type=U64, **limits):
    channel = node.channel(name, payload_type, **limits)
    return channel.publisher(), channel.subscriber()


@pytest.mark.rule("CHAN-16")
@pytest.mark.parametrize("keep", [lambda s: s, lambda s: s.payload, lambda s: s.numpy()])
def test_too_many_samples_held_are_refused_until_one_is_dropped(node, keep):
    publisher, subscriber = pair(node, "c", bytes, max_borrowed=3)
    for n in range(5):
        publisher.send_copy(bytes([n]))
    held = [keep(subscriber.take()) for _ in range(3)]
    for _ in range(2):
        with pytest.raises(BorrowLimitReached, match=r"3 samples.*held.*max_borrowed"):
            subscriber.take()
    held.pop()
    assert subscriber.take().payload[0] == 3
    assert subscriber.take().payload[0] == 4


@pytest.mark.rule("CHAN-41")
def test_drained_and_more_follow_the_latest_take(node):
    publisher, subscriber = pair(node)
    wakeup = subscriber.wakeup
    assert (subscriber.drained, wakeup.has_data(), wakeup.more()) == (True, False, False)
    publisher.send_copy(1)
    publisher.send_copy(2)
    assert (subscriber.drained, wakeup.has_data(), wakeup.more()) == (True, True, False)
    subscriber.take()
    assert (subscriber.drained, wakeup.has_data(), wakeup.more()) == (False, True, True)
    subscriber.take()
    assert (subscriber.drained, wakeup.has_data(), wakeup.more()) == (False, False, False)
    assert subscriber.take() is None
    assert (subscriber.drained, wakeup.has_data(), wakeup.more()) == (True, False, False)


@pytest.mark.rule("CHAN-40")
def test_one_drain_reads_every_notification(node):
    channel = node.channel("c", U64)
    publishers = [channel.publisher() for _ in range(3)]
    subscriber = channel.subscriber()
    wakeup = subscriber.wakeup
    assert not wakeup.drain()
    for _ in range(100):
        for publisher in publishers:
            assert publisher.send_copy(1).listeners_notified == 1
    assert wakeup.drain()
    assert not wakeup.drain()
    assert wakeup.listener.try_wait() == []


class Stuttering:
    """A listener that hands out its events in several goes."""

    def __init__(self, reads):
        self.reads = list(reads)

    def try_wait(self):
        return self.reads.pop(0)


@pytest.mark.rule("CHAN-40")
def test_draining_goes_on_until_the_listener_is_empty(node):
    _, subscriber = pair(node)
    wakeup, listener = subscriber.wakeup, Stuttering([["a"], ["b"], ["c"], [], ["never"]])
    wakeup._listener = listener
    assert wakeup.drain()
    assert listener.reads == [["never"]]


@pytest.mark.rule("CHAN-40")
def test_a_wait_set_is_woken_by_a_publish(node):
    publisher, subscriber = pair(node)
    waitset = (
        iox.WaitSetBuilder.new()
        .signal_handling_mode(iox.SignalHandlingMode.Disabled)
        .create(iox.ServiceType.Ipc)
    )
    guard = waitset.attach_notification(subscriber.wakeup.listener)
    publisher.send_copy(1)
    fired, _ = waitset.wait_and_process_with_timeout(iox.Duration.from_secs(10))
    assert [one.has_event_from(guard) for one in fired] == [True]
    assert subscriber.wakeup.drain()
    del guard


@pytest.mark.rule("CHAN-30", "CHAN-41")
def test_the_wakeup_of_a_closed_port_says_no_to_everything(node):
    publisher, subscriber = pair(node)
    wakeup = subscriber.wakeup
    assert (wakeup.kind, wakeup.source) == ("subscriber", subscriber)
    publisher.send_copy(1)
    publisher.send_copy(1)
    subscriber.take()
    subscriber.close()
    assert (wakeup.drain(), wakeup.has_data(), wakeup.more()) == (False, False, False)
    assert wakeup.listener is None
    del subscriber
    assert (wakeup.drain(), wakeup.has_data(), wakeup.more()) == (False, False, False)
    assert wakeup.source is None


@pytest.mark.rule("CHAN-40")
def test_a_raw_listener_can_be_waited_on(node):
    event = node.raw.service_builder(iox.ServiceName.new("mine")).event().open_or_create()
    listener, notifier = event.listener_builder().create(), event.notifier_builder().create()
    wakeup = listener_wakeup(listener)
    assert (wakeup.kind, wakeup.source, wakeup.listener) == ("listener", listener, listener)
    assert (wakeup.has_data(), wakeup.more(), wakeup.drain()) == (True, False, False)
    notifier.notify()
    assert wakeup.drain()
    assert "Listener" in repr(wakeup)


@pytest.mark.rule("CHAN-40")
@pytest.mark.parametrize("thing", [None, 5, "listener", object()])
def test_anything_but_a_listener_is_refused(thing):
    with pytest.raises(WrongType, match="Listener"):
        listener_wakeup(thing)


@pytest.mark.rule("CHAN-40")
def test_a_foreign_notifier_on_the_paired_event_service_wakes_the_subscriber(node):
    _, subscriber = pair(node, "topic")
    assert CHANNEL_EVENT == ".__taktora_event"
    name = iox.ServiceName.new("topic.__taktora_event")
    notifier = node.raw.service_builder(name).event().open().notifier_builder().create()
    assert notifier.notify() == 1
    assert subscriber.wakeup.drain()


@pytest.mark.rule("CHAN-01")
def test_a_foreign_publisher_and_subscriber_talk_to_a_channel(node):
    publisher, subscriber = pair(node, "topic", Vector)
    service = (
        node.raw.service_builder(iox.ServiceName.new("topic")).publish_subscribe(Vector).open()
    )
    theirs = service.subscriber_builder().create()
    publisher.send_copy(Vector(1, 2))
    assert theirs.receive().payload().contents.y == 2
    subscriber.take()
    service.publisher_builder().create().send_copy(Vector(3, 4))
    del theirs


@pytest.mark.rule("CHAN-25")
@pytest.mark.parametrize("payload_type", [U64, bytes])
def test_a_late_subscriber_gets_the_history_at_once(node, payload_type):
    make = (lambda n: n) if payload_type is U64 else (lambda n: bytes([n]))
    channel = node.channel("c", payload_type, history_size=3)
    publisher = channel.publisher()
    for n in range(5):
        publisher.send_copy(make(n))
    late = channel.subscriber()
    assert late.wakeup.has_data()
    assert [s.payload for s in late] == [make(n) for n in (2, 3, 4)]


@pytest.mark.rule("CHAN-25")
def test_a_late_subscriber_of_another_process_gets_the_history_with_the_next_send(node, domain):
    publisher = node.channel("c", U64, history_size=2).publisher()
    for n in range(5):
        publisher.send_copy(n)
    late = subprocess.Popen(
        [sys.executable, "-c", LATE],
        env=os.environ | {"TAKTORA_DOMAIN": domain},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert late.stdout.readline() == "[]\n"
    publisher.send_copy(5)
    output, _ = late.communicate("go\n", timeout=30)
    assert output == "[3, 4, 5]\n"


LATE = """
import ctypes, sys
from taktora.ipc import Node
with Node() as node:
    subscriber = node.channel("c", ctypes.c_uint64).subscriber()
    print([int(s.payload) for s in subscriber], flush=True)
    sys.stdin.readline()
    print([int(s.payload) for s in subscriber], flush=True)
"""


@pytest.mark.rule("CHAN-26")
@pytest.mark.parametrize("payload_type", [U64, bytes])
@pytest.mark.parametrize("end", ["close", "drop", "node"])
def test_what_was_sent_before_the_publisher_was_closed_can_still_be_taken(
    node, domain, payload_type, end
):
    from taktora.ipc import Node

    subscriber = node.channel("c", payload_type).subscriber()
    with Node(domain=domain) as feeder:
        publisher = feeder.channel("c", payload_type).publisher()
        for n in range(3):
            publisher.send_copy(n if payload_type is U64 else bytes([n]))
        if end == "close":
            publisher.close()
        if end == "drop":
            del publisher
    assert subscriber.wakeup.has_data()
    assert subscriber.wakeup.drain()
    got = [sample.payload if payload_type is U64 else sample.payload[0] for sample in subscriber]
    assert got == [0, 1, 2]
    assert not subscriber.wakeup.has_data()


def test_everything_has_a_helpful_repr(node):
    publisher, subscriber = pair(node, "speed", Vector)
    publisher.send_copy(Vector())
    sample = subscriber.take()
    shown = [repr(x) for x in (publisher, subscriber, subscriber.wakeup, publisher.loan(), sample)]
    assert all("speed" in one for one in shown)
    assert "unread" in repr(sample)
    assert repr(node.channel("speed", Vector)) == "<Channel 'speed' of Vector>"
    assert "under test" in repr(node)
    node.close()
    assert "closed" in repr(publisher) + repr(node)
    assert "released" in repr(sample)
