"""The mailbox: headers, counters, errors, emergencies, and whatever bytes may come."""

from __future__ import annotations

import random
import struct

import pytest

from taktora.errors import InvalidArgument
from taktora.segment.aborts import Abort
from taktora.segment.axis import Axis
from taktora.segment.mailbox import Mailbox
from taktora.segment.terminals import Loopback
from tests.segment.dictionaries import MEMORY, NUMBERS, one_of_everything
from tests.segment.sdo_client import MailboxErrorReply, SdoClient, client_of

READ = struct.pack("<HBHBI", 0x2000, 0x40, NUMBERS, 1, 0)


def message(data: bytes, *, length: int | None = None, address: int = 0, channel: int = 0,
            kind: int = 3, counter: int = 0) -> bytes:  # fmt: skip
    size = len(data) if length is None else length
    return struct.pack("<HHBB", size, address, channel, kind | counter << 4) + data


@pytest.mark.rule("COE-01")
def test_an_answer_has_the_address_and_priority_of_its_request():
    mailbox = Mailbox(one_of_everything())
    mailbox.coe.state = 2
    mailbox.receive(message(READ, address=0x1234, channel=0xC0), 0)
    answer = mailbox.pending(0)
    assert answer is not None
    assert struct.unpack_from("<HHB", answer) == (10, 0x1234, 0xC0)
    assert mailbox.pending(0) is None


@pytest.mark.rule("COE-01")
def test_what_the_subdevice_says_is_counted_from_1_to_7_and_round():
    mailbox = Mailbox(one_of_everything())
    mailbox.coe.state = 2
    seen = []
    for _ in range(9):
        mailbox.receive(message(READ), 0)
        answer = mailbox.pending(0)
        assert answer is not None
        seen.append(answer[5] >> 4)
    assert seen == [1, 2, 3, 4, 5, 6, 7, 1, 2]


@pytest.mark.rule("COE-02")
def test_a_repeated_counter_is_a_repeated_message_and_0_never_is():
    mailbox = Mailbox(one_of_everything())
    mailbox.coe.state = 2
    client = SdoClient(mailbox)
    for counter, answered in (
        (1, True),
        (1, False),
        (2, True),
        (1, True),
        (0, True),
        (0, True),
        (0, True),
    ):
        client.send(READ, counter=counter)
        assert (client.fetch() is not None) is answered, counter
    client.send(READ, counter=1)
    assert client.fetch() is not None
    mailbox.reset()
    client.send(READ, counter=1)
    assert client.fetch() is not None


@pytest.mark.rule("COE-02")
def test_reset_drops_what_is_under_way():
    client = client_of(one_of_everything())
    client.sdo(struct.pack("<BHBI", 0x21, MEMORY, 0, 20) + bytes(5))
    client.send(READ)
    client.mailbox.emergency(0x1000)
    client.mailbox.reset()
    assert client.fetch() is None
    assert not client.emergencies
    answer = client.ask(b"\0\x20\x01" + bytes(15))
    assert struct.unpack_from("<I", answer, 6)[0] == Abort.COMMAND


@pytest.mark.rule("COE-03")
@pytest.mark.parametrize(
    ("bytes_", "code"),
    [
        (message(READ, kind=1), 0x02),
        (message(READ, kind=2), 0x02),
        (message(READ, kind=4), 0x02),
        (message(READ, kind=5), 0x02),
        (message(READ, kind=15), 0x02),
        (message(READ, channel=1), 0x03),
        (message(READ, length=11), 0x08),
        (message(READ, length=0xFFFF), 0x08),
        (message(READ)[:5], 0x06),
        (b"", 0x06),
        (message(READ, length=9), 0x06),
    ],
)
def test_a_message_that_cannot_be_taken_gets_a_mailbox_error(bytes_: bytes, code: int):
    mailbox = Mailbox(one_of_everything())
    mailbox.receive(bytes_, 0)
    with pytest.raises(MailboxErrorReply) as caught:
        SdoClient(mailbox).fetch()
    assert caught.value.code == code
    assert mailbox.pending(0) is None


@pytest.mark.rule("COE-03")
def test_an_error_is_not_answered_by_an_error():
    mailbox = Mailbox(one_of_everything())
    mailbox.receive(message(struct.pack("<HH", 1, 2), kind=0), 0)
    assert mailbox.pending(0) is None


@pytest.mark.rule("COE-05")
def test_emergencies_come_first_in_order_and_the_latest_are_lost():
    client = client_of(one_of_everything())
    client.send(READ)
    for code in range(1, 20):
        client.mailbox.emergency(code, 0x81, bytes([code] * 7))
    assert client.fetch() is not None
    assert client.emergencies == [
        struct.pack("<HB", code, 0x81) + bytes([code] * 5) for code in range(1, 17)
    ]
    assert client.mailbox.lost_emergencies == 3


@pytest.mark.rule("COE-05")
def test_a_device_in_init_sends_no_emergency_and_keeps_its_error_register():
    device = Loopback()
    device.emergency(0x1000, 0x01)
    device.entered(2, 0)
    assert device.mailbox.pending(0) is None
    client = SdoClient(device.mailbox)
    assert client.read(0x1001, 0) == b"\1"
    device.emergency(0x1000, 0x03)
    assert client.read(0x1001, 0) == b"\3"
    assert client.emergencies == [struct.pack("<HB5x", 0x1000, 0x03)]


@pytest.mark.rule("COE-04")
def test_answers_that_nobody_fetches_are_bounded():
    client = client_of(one_of_everything())
    for _ in range(5000):
        client.send(READ)
    assert sum(1 for _ in iter(lambda: client.mailbox.pending(0), None)) == 2048
    assert client.read(NUMBERS, 1) == b"\1\0"


@pytest.mark.rule("COE-03")
@pytest.mark.parametrize("size", [0, 31, 1487])
def test_a_mailbox_that_cannot_be_is_refused(size: int):
    with pytest.raises(InvalidArgument, match="32 to 1486"):
        Mailbox(one_of_everything(), size)


def _message(dice: random.Random) -> bytes:
    """Bytes that get as deep as chance lets them: mostly right headers, mostly right commands."""
    if dice.random() < 0.1:
        return dice.randbytes(dice.randrange(140))
    service = dice.choice([1, 2, 2, 2, 2, 2, 3, 8, 8, dice.randrange(16)])
    body = bytearray(dice.randbytes(dice.choice([0, 4, 8, 8, 8, 8, 9, 20, 100])))
    if len(body) >= 4 and dice.random() < 0.9:
        index = dice.choice(
            [0x1018, 0x1C12, 0x1C13, 0x1600, 0x1A00, 0x8000, 0x8001, 0x8002, 0x6040]
        )
        body[1:3] = struct.pack("<H", index)
        body[3] = dice.choice([0, 1, 2, 3, 255])
        if service == 2:
            body[0] = dice.choice(
                [0x40, 0x50, 0x60, 0x70, 0x21, 0x31, 0x23, 0x2F, 0, 0x10, 1, 0x11]
            )
        elif service == 8:
            body[0] = dice.choice([1, 3, 5, 0x81, 0x7F])
            body[4:7] = struct.pack("<HB", index, body[3])
    data = struct.pack("<H", service << 12) + body
    length = len(data) if dice.random() < 0.95 else dice.randrange(0x10000)
    return message(data, length=length, kind=3, counter=dice.randrange(8))


@pytest.mark.rule("COE-04")
def test_whatever_10000_messages_say_nothing_is_raised_and_the_next_one_is_answered():
    dice = random.Random(20)
    answers = 0
    for device in (Loopback(8, pdo_bytes=2), Axis()):
        device.power_on()
        for number in range(5_000):
            if number % 50 == 0:
                device.entered(dice.choice([1, 2, 2, 4, 8]), number)
            device.mailbox.receive(_message(dice), number)
            while (answer := device.mailbox.pending(number)) is not None:
                assert len(answer) <= device.mailbox.size
                assert struct.unpack_from("<H", answer)[0] == len(answer) - 6
                answers += 1
            assert (
                len(device.exchange(bytes((device.output_bits + 7) // 8), number))
                == (device.input_bits + 7) // 8
            )
        device.entered(1, 0)
        device.entered(2, 0)
        assert SdoClient(device.mailbox).read(0x1018, 0) == b"\4"
    assert answers > 5_000
