"""Opening names: who is let in, who is refused, and what the refusal says."""

from __future__ import annotations

import ctypes

import iceoryx2 as iox
import numpy as np
import pytest

from taktora.errors import (
    InvalidArgument,
    InvalidName,
    LimitsMismatch,
    PayloadMismatch,
    PortLimitReached,
    WrongType,
)
from taktora.ipc import ChannelLimits, Node, ServiceLimits

from .shapes import Imu, Vector

U64 = ctypes.c_uint64


def services(node):
    return {
        (str(found.name()), str(found.messaging_pattern()))
        for found in iox.Service.list(node.config, iox.ServiceType.Ipc)
    }


@pytest.mark.rule("CHAN-21")
def test_the_defaults_are_the_documented_ones(node):
    assert node.channel("c", U64).limits == ChannelLimits(
        buffer_size=16,
        history_size=0,
        max_publishers=16,
        max_subscribers=16,
        max_borrowed=16,
        max_bytes=None,
        overflow=True,
    )
    assert node.service("s", U64, U64).limits == ServiceLimits(
        max_servers=4,
        max_clients=16,
        max_active_requests=16,
        response_buffer=16,
        max_borrowed=16,
        max_bytes=None,
    )
    assert node.service("b", bytes, U64).limits.max_bytes == 65536


CHANNEL = {
    "buffer_size": 5,
    "history_size": 2,
    "max_publishers": 3,
    "max_subscribers": 4,
    "max_borrowed": 6,
    "max_bytes": 70,
    "overflow": False,
}
SERVICE = {
    "max_servers": 2,
    "max_clients": 3,
    "max_active_requests": 4,
    "response_buffer": 5,
    "max_borrowed": 6,
    "max_bytes": 70,
}


@pytest.mark.rule("CHAN-21")
def test_limits_left_out_are_taken_from_the_existing_channel(node, domain):
    first = node.channel("c", bytes, **CHANNEL)
    assert first.limits == ChannelLimits(**CHANNEL)
    with Node(domain=domain) as other:
        assert other.channel("c", bytes).limits == first.limits
        assert other.channel("c", bytes, **CHANNEL).limits == first.limits


@pytest.mark.rule("CHAN-21")
def test_limits_left_out_are_taken_from_the_existing_service(node):
    first = node.service("s", bytes, U64, **SERVICE)
    assert first.limits == ServiceLimits(**SERVICE)
    assert node.service("s", bytes, U64).limits == first.limits
    assert node.service("s", bytes, U64, **SERVICE).limits == first.limits


@pytest.mark.rule("CHAN-21")
@pytest.mark.parametrize("name", CHANNEL)
def test_a_different_channel_limit_is_refused_with_both_sides(node, name):
    channel = node.channel("c", bytes, **CHANNEL)
    for wanted in (True,) if name == "overflow" else (CHANNEL[name] + 1, CHANNEL[name] - 1):
        with pytest.raises(LimitsMismatch) as refused:
            node.channel("c", bytes, **{name: wanted})
        assert f"{name}={wanted!r} wanted" in str(refused.value)
        assert f"{name}={CHANNEL[name]!r} exists" in str(refused.value)
    assert channel.publisher().send_copy(b"fine").sent


@pytest.mark.rule("CHAN-21")
@pytest.mark.parametrize("name", SERVICE)
def test_a_different_service_limit_is_refused_with_both_sides(node, name):
    service = node.service("s", bytes, bytes, **SERVICE)
    for wanted in (SERVICE[name] + 1, SERVICE[name] - 1):
        with pytest.raises(LimitsMismatch, match=f"{name}={wanted} wanted.*{SERVICE[name]} exists"):
            node.service("s", bytes, bytes, **{name: wanted})
    assert service.client().send_copy(b"fine") is not None


@pytest.mark.rule("CHAN-21")
def test_a_channel_that_a_foreign_program_created_is_adopted(node):
    foreign = (
        node.raw.service_builder(iox.ServiceName.new("theirs"))
        .publish_subscribe(iox.Slice[ctypes.c_uint8])
        .create()
    )
    channel = node.channel("theirs", bytes, max_bytes=10)
    assert (channel.limits.buffer_size, channel.limits.max_publishers) == (2, 2)
    assert channel.limits.max_bytes == 10
    publisher, subscriber = channel.publisher(), channel.subscriber()
    publisher.send_copy(b"abc")
    assert subscriber.take().payload == b"abc"
    del foreign


MISMATCHES = [
    (Vector, Imu, "Imu of .* bytes.*Vector of 16 bytes"),
    (U64, ctypes.c_int64, "i64 of 8 bytes.*u64 of 8 bytes"),
    (bytes, U64, "u64 of 8 bytes.*u8 of any size"),
    (ctypes.c_uint8, bytes, "u8 of any size.*u8 of 1 bytes"),
    (np.dtype("f8"), np.dtype("f4"), "<f4 of 4 bytes.*<f8 of 8 bytes"),
]


@pytest.mark.rule("CHAN-20")
@pytest.mark.parametrize(("first", "second", "facts"), MISMATCHES)
def test_another_payload_type_is_refused_with_both_sides(node, first, second, facts):
    channel = node.channel("c", first)
    with pytest.raises(PayloadMismatch, match=f"channel 'c'.*{facts}"):
        node.channel("c", second)
    assert channel.publisher() is not None
    service = node.service("s", first, U64)
    with pytest.raises(PayloadMismatch, match=f"service 's'.*{facts.split('.*')[0]}"):
        node.service("s", second, U64)
    with pytest.raises(PayloadMismatch, match="u64 of 8 bytes"):
        node.service("s", first, Vector)
    assert service.client() is not None


@pytest.mark.rule("CHAN-20")
def test_a_name_is_either_a_channel_or_a_service(node):
    channel, service = node.channel("c", Vector), node.service("s", U64, bytes)
    with pytest.raises(PayloadMismatch, match=r"'c'.*exists as a channel.*Vector of 16 bytes"):
        node.service("c", Vector, Vector)
    with pytest.raises(PayloadMismatch, match=r"'s'.*exists as a service.*u64.*u8 of any size"):
        node.channel("s", U64)
    del channel, service


@pytest.mark.rule("CHAN-20")
def test_after_the_last_user_is_gone_a_name_can_be_anything(node):
    channel = node.channel("c", Vector)
    del channel
    assert node.channel("c", U64).payload_type is U64


BAD_NAMES = ["", None, 5, b"bytes", "ä", "日本", "nul\0", "x" * 240, "x" * 256]


@pytest.mark.rule("CHAN-22")
@pytest.mark.parametrize("name", BAD_NAMES, ids=repr)
def test_a_bad_name_is_refused_and_nothing_is_created(node, name):
    with pytest.raises(InvalidName, match="channel name"):
        node.channel(name, U64)
    with pytest.raises(InvalidName, match="service name"):
        node.service(name, U64, U64)
    assert services(node) == set()


@pytest.mark.rule("CHAN-22")
@pytest.mark.parametrize("name", ["x", "a b/c:d.e", "x" * 239, "~!@#$%^&*()"])
def test_a_name_up_to_the_limit_works(node, name):
    channel = node.channel(name, U64)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    publisher.send_copy(1)
    assert subscriber.wakeup.drain()
    assert (channel.name, publisher.name, subscriber.name) == (name, name, name)
    assert node.service(name[:200] + "s"[: len(name)], U64, U64).name


BAD_LIMITS = [
    *[
        (limit, value, InvalidArgument)
        for limit in CHANNEL
        if limit not in ("overflow", "history_size")
        for value in (0, -1, 2**64)
    ],
    *[
        (limit, value, WrongType)
        for limit in CHANNEL
        if limit != "overflow"
        for value in (True, 1.0, "3", [])
    ],
    ("history_size", -1, InvalidArgument),
    ("history_size", 17, InvalidArgument),
    ("buffer_size", 10**9, InvalidArgument),
    ("max_subscribers", 5000, InvalidArgument),
    ("max_borrowed", 10**6, InvalidArgument),
    ("overflow", 1, WrongType),
    ("overflow", "no", WrongType),
]


@pytest.mark.rule("CHAN-22")
@pytest.mark.parametrize(("limit", "value", "error"), BAD_LIMITS)
def test_a_bad_channel_limit_is_refused_and_nothing_is_created(node, limit, value, error):
    with pytest.raises(error, match=limit):
        node.channel("c", bytes, **{limit: value})
    assert services(node) == set()


@pytest.mark.rule("CHAN-22")
@pytest.mark.parametrize("limit", SERVICE)
@pytest.mark.parametrize(
    ("value", "error"),
    [(0, InvalidArgument), (-1, InvalidArgument), (True, WrongType), ("1", WrongType)],
)
def test_a_bad_service_limit_is_refused_and_nothing_is_created(node, limit, value, error):
    with pytest.raises(error, match=limit):
        node.service("s", bytes, bytes, **{limit: value})
    assert services(node) == set()


@pytest.mark.rule("CHAN-22")
def test_limits_that_are_too_much_together_are_refused(node):
    with pytest.raises(InvalidArgument, match="together"):
        node.channel("c", U64, buffer_size=1_000_000, max_subscribers=100)
    with pytest.raises(InvalidArgument, match="together"):
        node.service("s", U64, U64, max_active_requests=60_000, response_buffer=1000)


@pytest.mark.rule("CHAN-22")
def test_max_bytes_is_for_bytes_only(node):
    with pytest.raises(InvalidArgument, match="max_bytes"):
        node.channel("c", U64, max_bytes=8)
    with pytest.raises(InvalidArgument, match="max_bytes"):
        node.service("s", U64, U64, max_bytes=8)
    assert node.service("s", U64, bytes, max_bytes=8).limits.max_bytes == 8


@pytest.mark.rule("CHAN-22")
def test_an_unknown_limit_is_refused_with_the_known_ones(node):
    with pytest.raises(TypeError, match=r"buffer.*buffer_size.*overflow"):
        node.channel("c", U64, buffer=3)
    with pytest.raises(TypeError, match=r"buffer_size.*max_clients.*response_buffer"):
        node.service("c", U64, U64, buffer_size=3)


@pytest.mark.rule("CHAN-23")
def test_every_slot_can_be_used_and_a_closed_port_frees_its_own(node):
    channel = node.channel("c", U64, max_publishers=2, max_subscribers=3)
    for create, most, role in (
        (channel.publisher, 2, "publisher"),
        (channel.subscriber, 3, "subscriber"),
    ):
        ports = [create() for _ in range(most)]
        for _ in range(3):
            with pytest.raises(
                PortLimitReached, match=f"channel 'c' has no {role} left.*{most}.*max_{role}s"
            ):
                create()
        ports.pop().close()
        ports.append(create())
        with pytest.raises(PortLimitReached):
            create()
        ports.pop()
        with create():
            pass
        create()


@pytest.mark.rule("CHAN-23", "CHAN-53")
def test_service_slots_are_counted_too(node):
    service = node.service("s", U64, U64, max_servers=2, max_clients=3)
    for create, most, role in ((service.server, 2, "server"), (service.client, 3, "client")):
        ports = [create() for _ in range(most)]
        with pytest.raises(
            PortLimitReached, match=f"service 's' has no {role} left.*{most}.*max_{role}s"
        ):
            create()
        ports.pop().close()
        create()


@pytest.mark.rule("CHAN-23")
def test_slots_are_counted_over_all_nodes(node, domain):
    mine = node.channel("c", U64, max_publishers=1).publisher()
    with Node(domain=domain) as other:
        channel = other.channel("c", U64)
        with pytest.raises(PortLimitReached):
            channel.publisher()
        mine.close()
        assert channel.publisher().send_copy(1).sent


def test_the_same_channel_can_be_opened_twice_in_one_node(node):
    one, two = node.channel("c", U64), node.channel("c", U64)
    subscriber = two.subscriber()
    one.publisher().send_copy(4)
    assert subscriber.take().payload == 4
