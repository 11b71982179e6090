"""Listening in on a channel without its class, and without waking anybody."""

from __future__ import annotations

import ctypes

import iceoryx2 as iox
import pytest

import taktora
from taktora.errors import (
    InvalidArgument,
    IpcError,
    PayloadMismatch,
    PortClosed,
    PortLimitReached,
    UnsupportedPayload,
    WrongType,
)
from taktora.ipc.existing import existing_channels
from taktora.ipc.tap import Tap
from taktora.transport.layout import Layout


class Imu(ctypes.Structure):
    _fields_ = [("sequence", ctypes.c_uint64), ("yaw", ctypes.c_double)]


@pytest.fixture
def node(domain: str):
    with taktora.Node(domain=domain) as node:
        yield node


@pytest.fixture
def other(domain: str):
    with taktora.Node(domain=domain) as node:
        yield node


@pytest.mark.rule("REPLAY-20")
def test_every_channel_of_the_domain_is_found_with_its_layout(
    node: taktora.Node, other: taktora.Node
) -> None:
    kept = [
        node.channel("imu", Imu),
        node.channel("log", bytes),
        node.channel("n", ctypes.c_uint16),
        node.service("add", Imu, ctypes.c_uint64),
    ]
    assert existing_channels(other) == {
        "imu": Layout("Imu", 16, 8),
        "log": Layout("u8", 1, 1, dynamic=True),
        "n": Layout("u16", 2, 2),
    }
    assert existing_channels(other, known={"imu", "n"}).keys() == {"log"}
    del kept


@pytest.mark.rule("REPLAY-20")
def test_a_tap_reads_the_bytes_of_any_type_in_order(
    node: taktora.Node, other: taktora.Node
) -> None:
    imu, log = node.channel("imu", Imu), node.channel("log", bytes)
    fixed, loose = imu.publisher(), log.publisher()
    found = existing_channels(other)
    taps = {name: Tap(other, name, layout) for name, layout in found.items() if layout}
    for number in range(5):
        fixed.send_copy(Imu(number, number / 2))
        loose.send_copy(b"x" * number)
    taken, fullest = taps["imu"].drain()
    assert taken == [bytes(Imu(n, n / 2)) for n in range(5)]
    assert fullest == 5
    assert taps["log"].drain()[0] == [b"x" * n for n in range(5)]
    assert taps["log"].drain() == ([], 0)
    assert taps["imu"].limits == imu.limits


@pytest.mark.rule("REPLAY-21")
def test_a_publisher_has_nobody_more_to_notify(node: taktora.Node, other: taktora.Node) -> None:
    channel = node.channel("imu", Imu)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    before = publisher.send_copy(Imu(1))
    Tap(other, "imu", Layout("Imu", 16, 8))
    assert publisher.send_copy(Imu(2)) == before
    assert [sample.payload.sequence for sample in subscriber] == [1, 2]


@pytest.mark.rule("REPLAY-22")
def test_a_full_buffer_is_seen_for_each_publisher_by_itself(
    node: taktora.Node, other: taktora.Node
) -> None:
    channel = node.channel("imu", Imu, buffer_size=4)
    one, two = channel.publisher(), channel.publisher()
    tap = Tap(other, "imu", Layout("Imu", 16, 8))
    for number in range(3):
        one.send_copy(Imu(number))
        two.send_copy(Imu(100 + number))
    taken, fullest = tap.drain()
    assert (len(taken), fullest) == (6, 3)
    for number in range(7):
        one.send_copy(Imu(number))
    taken, fullest = tap.drain()
    assert [data[0] for data in taken] == [3, 4, 5, 6]
    assert fullest == 4


@pytest.mark.rule("REPLAY-23")
def test_a_channel_without_a_free_slot_is_named(node: taktora.Node, other: taktora.Node) -> None:
    channel = node.channel("imu", Imu, max_subscribers=1)
    held = channel.subscriber()
    with pytest.raises(PortLimitReached, match="channel 'imu' has no subscriber left: all 1 are"):
        Tap(other, "imu", Layout("Imu", 16, 8))
    held.close()
    Tap(other, "imu", Layout("Imu", 16, 8)).close()


@pytest.mark.rule("REPLAY-23")
def test_a_channel_that_cannot_be_listened_to_is_named(
    node: taktora.Node, other: taktora.Node
) -> None:
    kept = node.channel("imu", Imu)
    with pytest.raises(IpcError, match="'imu' cannot be listened to"):
        Tap(other, "imu", Layout("Imu", 24, 8))
    with pytest.raises(IpcError, match="'nav' is gone"):
        Tap(other, "nav", Layout("Imu", 24, 8))
    del kept


@pytest.mark.rule("REPLAY-24")
def test_a_tap_knows_when_it_alone_keeps_a_channel(domain: str, other: taktora.Node) -> None:
    with taktora.Node(domain=domain) as node:
        kept = node.channel("imu", Imu)
        tap = Tap(other, "imu", Layout("Imu", 16, 8))
        assert not tap.deserted
        del kept
    assert tap.deserted
    tap.close()
    tap.close()
    assert existing_channels(other) == {}
    with pytest.raises(PortClosed, match="imu"):
        tap.drain()


@pytest.mark.rule("REPLAY-20")
def test_a_slice_of_wide_elements_made_by_others_is_read(
    domain: str, node: taktora.Node, other: taktora.Node
) -> None:
    service = (
        node.raw.service_builder(iox.ServiceName.new("scan"))
        .publish_subscribe(iox.Slice[ctypes.c_uint32])
        .create()
    )
    publisher = service.publisher_builder().initial_max_slice_len(8).create()
    layout = existing_channels(other)["scan"]
    assert layout == Layout("u32", 4, 4, dynamic=True)
    tap = Tap(other, "scan", layout)
    loan = publisher.loan_slice_uninit(3)
    ctypes.memmove(loan.payload_ptr, (ctypes.c_uint32 * 3)(7, 8, 9), 12)
    loan.assume_init().send()
    assert tap.drain()[0] == [bytes((ctypes.c_uint32 * 3)(7, 8, 9))]
    with pytest.raises(UnsupportedPayload, match="any number of u32, each of 4 bytes"):
        other.channel("scan", layout)
    del loan, publisher, service


@pytest.mark.rule("REPLAY-25")
def test_a_layout_can_stand_for_a_payload_type(node: taktora.Node, other: taktora.Node) -> None:
    subscriber = node.channel("imu", Imu).subscriber()
    channel = other.channel("imu", Layout("Imu", 16, 8))
    raw = channel.subscriber()
    publisher = channel.publisher()
    assert channel.subscriber_count == 2
    publisher.send_copy(bytearray(bytes(Imu(7, 1.5))))
    publisher.loan_send(lambda payload: payload.__setitem__(0, 9))
    assert [s.payload.sequence for s in subscriber] == [7, 9]
    assert [bytes(s.payload)[:8] for s in raw] == [bytes([7, *bytes(7)]), bytes([9, *bytes(7)])]
    with pytest.raises(InvalidArgument, match="16 bytes, not 15"):
        publisher.send_copy(bytes(15))
    with pytest.raises(WrongType, match="carries Imu, not int"):
        publisher.send_copy(3)
    with pytest.raises(PayloadMismatch, match="Imu of 24 bytes but exists with Imu of 16"):
        other.channel("imu", Layout("Imu", 24, 8))
