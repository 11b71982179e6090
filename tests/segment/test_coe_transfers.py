"""SDO transfers of every kind, by a client that makes its messages byte by byte."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.segment.aborts import Abort
from tests.segment.dictionaries import MEMORY, NUMBERS, ODD, TEXT, THINGS, one_of_everything
from tests.segment.sdo_client import Aborted, MailboxErrorReply, SdoClient, client_of

sizes = st.sampled_from([32, 33, 64, 128, 1024])


def abort_of(call: Any, *args: Any, **more: Any) -> int:
    with pytest.raises(Aborted) as caught:
        call(*args, **more)
    return caught.value.code


@pytest.mark.rule("COE-10")
@given(data=st.binary(max_size=700) | st.binary(min_size=2000, max_size=2100), size=sizes)
def test_an_upload_of_any_length_is_what_the_object_holds(data: bytes, size: int):
    client = client_of(one_of_everything(), size)
    client.mailbox.coe.objects.put(MEMORY, 0, data)
    assert client.read(MEMORY, 0) == data
    assert client.read(MEMORY, 0) == data


@pytest.mark.rule("COE-10")
@pytest.mark.parametrize(
    ("length", "messages"),
    [(0, 1), (1, 1), (4, 1), (5, 1), (112, 1), (113, 2), (112 + 119, 2), (112 + 120, 3)],
)
def test_an_upload_takes_the_messages_that_it_needs_and_no_more(length: int, messages: int):
    """128 bytes: 6 of header; 10 more before the first data, 3 before those of a segment."""
    client = client_of(one_of_everything(), 128)
    client.mailbox.coe.objects.put(MEMORY, 0, bytes(length))
    assert client.read(MEMORY, 0) == bytes(length)
    assert client.messages == messages


@pytest.mark.rule("COE-10")
@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_up_to_four_bytes_come_expedited_and_padded_with_zeros(length: int):
    client = client_of(one_of_everything())
    client.mailbox.coe.objects.put(MEMORY, 0, b"\xff" * length)
    answer = client.ask(struct.pack("<HBHBI", 0x2000, 0x40, MEMORY, 0, 0))
    command = {1: 0x4F, 2: 0x4B, 3: 0x47, 4: 0x43}[length]
    head = struct.pack("<HBHB", 0x3000, command, MEMORY, 0)
    assert answer == head + (b"\xff" * length).ljust(4, b"\0")


@pytest.mark.rule("COE-11")
@given(
    data=st.binary(max_size=700) | st.binary(min_size=2000, max_size=2100),
    size=sizes,
    segment=st.none() | st.integers(1, 23),
)
def test_what_was_downloaded_is_uploaded(data: bytes, size: int, segment: int | None):
    client = client_of(one_of_everything(), size)
    client.write(MEMORY, 0, data, segment=segment)
    assert client.mailbox.coe.objects.values[MEMORY, 0] == data
    assert client.read(MEMORY, 0) == data


@pytest.mark.rule("COE-11")
def test_a_short_value_may_come_in_every_way():
    client = client_of(one_of_everything())
    for n, more in enumerate(({}, {"normal": True}, {"segment": 1}, {"segment": 7}), 1):
        client.write(NUMBERS, 1, struct.pack("<H", n), **more)
        assert client.read(NUMBERS, 1) == struct.pack("<H", n)


@pytest.mark.rule("COE-11")
def test_expedited_data_that_do_not_say_how_long_they_are_are_as_long_as_the_object():
    client = client_of(one_of_everything())
    client.sdo(struct.pack("<BHBI", 0x22, NUMBERS, 1, 0xAAAA1234))
    assert client.read(NUMBERS, 1) == b"\x34\x12"


@pytest.mark.rule("COE-11")
def test_a_download_is_stored_with_its_last_segment_and_not_before():
    client = client_of(one_of_everything())
    client.sdo(struct.pack("<BHBI", 0x21, TEXT, 0, 10) + b"01234")
    assert client.mailbox.coe.objects.values[TEXT, 0] == ""
    client.sdo(b"\x05" + b"56789\0\0")
    assert client.mailbox.coe.objects.values[TEXT, 0] == "0123456789"


@pytest.mark.rule("COE-12")
def test_a_segment_with_the_wrong_toggle_bit_ends_the_transfer():
    client = client_of(one_of_everything(), 32)
    client.mailbox.coe.objects.put(MEMORY, 0, bytes(100))
    for wrong, right in ((0x70, 0x60), (0x00, 0x10)):
        if wrong == 0x70:
            client.sdo(struct.pack("<BHBI", 0x40, MEMORY, 0, 0))
        else:
            client.sdo(struct.pack("<BHBI", 0x21, MEMORY, 0, 20))
            client.sdo(b"\x00" + bytes(7))
        with pytest.raises(Aborted) as caught:
            client.sdo(bytes([wrong]) + bytes(7))
        assert (caught.value.index, caught.value.code) == (MEMORY, Abort.TOGGLE)
        assert abort_of(client.sdo, bytes([right]) + bytes(7)) == Abort.COMMAND
    assert client.mailbox.coe.objects.values[MEMORY, 0] == bytes(100)


@pytest.mark.rule("COE-12")
def test_after_the_last_segment_there_is_none():
    client = client_of(one_of_everything())
    for transfer, segment in (
        (lambda: client.write(MEMORY, 0, bytes(300)), b"\x00"),
        (lambda: client.read(MEMORY, 0), b"\x60"),
    ):
        transfer()
        with pytest.raises(Aborted) as caught:
            client.sdo(segment + b"\x77" * 7)
        assert (caught.value.index, caught.value.subindex) == (0, 0)
        assert caught.value.code == Abort.COMMAND


@pytest.mark.rule("COE-13")
def test_a_new_request_ends_the_transfer_under_way():
    client = client_of(one_of_everything())
    client.sdo(struct.pack("<BHBI", 0x21, MEMORY, 0, 300) + bytes(100))
    assert client.read(NUMBERS, 0) == b"\5"
    assert abort_of(client.sdo, b"\x00" + bytes(100)) == Abort.COMMAND
    assert client.mailbox.coe.objects.values[MEMORY, 0] == b""


@pytest.mark.rule("COE-13")
def test_an_abort_of_the_main_device_ends_the_transfer_and_is_not_answered():
    client = client_of(one_of_everything())
    client.mailbox.coe.objects.put(MEMORY, 0, bytes(300))
    client.sdo(struct.pack("<BHBI", 0x40, MEMORY, 0, 0))
    client.send(struct.pack("<HBHBI", 0x2000, 0x80, MEMORY, 0, Abort.GENERAL))
    assert client.fetch() is None
    assert abort_of(client.sdo, b"\x60" + bytes(7)) == Abort.COMMAND


@pytest.mark.rule("COE-13", "COE-05")
def test_browsing_and_emergencies_do_not_disturb_a_transfer():
    client = client_of(one_of_everything())
    client.sdo(struct.pack("<BHBI", 0x21, MEMORY, 0, 20) + b"a" * 15)
    assert client.info(3, struct.pack("<H", MEMORY)).endswith(b"Memory")
    client.mailbox.emergency(0x1000)
    client.sdo(b"\x05" + b"bbbbb\0\0")
    assert client.mailbox.coe.objects.values[MEMORY, 0] == b"a" * 15 + b"b" * 5
    assert client.emergencies == [struct.pack("<HB5x", 0x1000, 0)]


@pytest.mark.rule("COE-13")
@given(st.data())
def test_in_whatever_order_requests_come_each_is_answered_by_itself(data: st.DataObject):
    """Transfers are begun, left and gone on with at will; a model says what each answer is."""
    client = client_of(one_of_everything(), 32)
    stored = {MEMORY: b"", TEXT: b""}
    coming: tuple[int, bytes, bytes, int] | None = None  # index, what has come, what will, toggle
    going: tuple[bytes, int] | None = None  # what is left, toggle
    for _ in range(data.draw(st.integers(1, 25))):
        what = data.draw(st.sampled_from(["read", "write", "more", "give", "info"]))
        if what == "info":
            client.info(1, b"\1\0")
        elif what == "read":
            index = data.draw(st.sampled_from([MEMORY, TEXT]))
            coming = None
            first = client.sdo(struct.pack("<BHBI", 0x40, index, 0, 0))
            if len(stored[index]) <= 4 and stored[index]:
                assert first[4:].startswith(stored[index])
                going = None
            else:
                assert first[8:] == stored[index][:16]
                rest = stored[index][16:]
                going = (rest, 0) if rest else None
        elif what == "write":
            index = data.draw(st.sampled_from([MEMORY, TEXT]))
            content = data.draw(st.binary(min_size=17, max_size=60))
            going = None
            client.sdo(struct.pack("<BHBI", 0x21, index, 0, len(content)) + content[:16])
            coming = index, content[:16], content[16:], 0
        elif what == "give":
            if coming is None:
                assert abort_of(client.sdo, b"\x01" + bytes(7)) == Abort.COMMAND
                going = None
                continue
            index, come, left, toggle = coming
            part, left = left[:5], left[5:]
            last = not left
            command = toggle << 4 | 7 - len(part) << 1 | last
            client.sdo(bytes([command]) + part.ljust(7, b"\0"))
            coming = None if last else (index, come + part, left, toggle ^ 1)
            if last:
                stored[index] = come + part
        elif going is None:
            assert abort_of(client.sdo, b"\x60" + bytes(7)) == Abort.COMMAND
            coming = None
        else:
            left, toggle = going
            answer = client.sdo(bytes([0x60 | toggle << 4]) + bytes(7))
            part, left = left[:23], left[23:]
            assert answer[1 : 1 + len(part)] == part
            going = (left, toggle ^ 1) if left else None
    assert client.mailbox.coe.objects.values[MEMORY, 0] == stored[MEMORY]


@pytest.mark.rule("COE-14")
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (struct.pack("<BHBI", 0x21, NUMBERS, 1, 3) + bytes(3), Abort.TOO_LONG),
        (struct.pack("<BHBI", 0x21, NUMBERS, 1, 2**32 - 1) + bytes(3), Abort.TOO_LONG),
        (struct.pack("<BHBI", 0x2F, NUMBERS, 1, 3), Abort.TOO_SHORT),
        (struct.pack("<BHBI", 0x23, NUMBERS, 1, 3), Abort.TOO_LONG),
        (struct.pack("<BHBI", 0x21, NUMBERS, 1, 2) + bytes(3), Abort.WRONG_LENGTH),
        (struct.pack("<BHBI", 0x20, NUMBERS, 1, 2) + bytes(2), Abort.COMMAND),
        (struct.pack("<BHBI", 0xA0, NUMBERS, 1, 0), Abort.COMMAND),
        (struct.pack("<BHBI", 0xC0, NUMBERS, 1, 0), Abort.COMMAND),
        (struct.pack("<BHBI", 0xE0, NUMBERS, 1, 0), Abort.COMMAND),
        (struct.pack("<BHBI", 0x23, 0x1FFF, 0, 0), Abort.NO_OBJECT),
        (struct.pack("<BHBI", 0x40, 0x1FFF, 0, 0), Abort.NO_OBJECT),
        (struct.pack("<BHBI", 0x23, NUMBERS, 9, 0), Abort.NO_SUBINDEX),
        (struct.pack("<BHBI", 0x40, NUMBERS, 9, 0), Abort.NO_SUBINDEX),
        (struct.pack("<BHBI", 0x40, THINGS, 4, 0), Abort.NO_SUBINDEX),
    ],
)
def test_a_request_that_cannot_be_done_is_aborted_and_changes_nothing(body: bytes, code: int):
    client = client_of(one_of_everything())
    before = dict(client.mailbox.coe.objects.values)
    index, subindex = struct.unpack_from("<HB", body, 1)
    with pytest.raises(Aborted) as caught:
        client.sdo(body)
    assert (caught.value.index, caught.value.subindex, caught.value.code) == (index, subindex, code)
    assert client.mailbox.coe.objects.values == before


@pytest.mark.rule("COE-14")
@pytest.mark.parametrize("flag", [0x00, 0x10])
def test_a_long_download_that_cannot_be_stored_is_refused_with_its_first_message(flag: int):
    client = client_of(one_of_everything())
    body = struct.pack("<BHBI", 0x21 | flag, ODD, 1, 2)
    assert abort_of(client.sdo, body) == Abort.READ_ONLY


@pytest.mark.rule("COE-14")
def test_more_or_less_than_was_announced_is_aborted_when_it_comes():
    client = client_of(one_of_everything())
    for last, code in (
        (b"\x01" + bytes(20), Abort.TOO_LONG),
        (b"\x0d" + bytes(7), Abort.TOO_SHORT),
    ):
        client.sdo(struct.pack("<BHBI", 0x21, MEMORY, 0, 15) + b"x" * 5)
        assert abort_of(client.sdo, last) == code
        assert client.mailbox.coe.objects.values[MEMORY, 0] == b""


@pytest.mark.rule("COE-03")
@pytest.mark.parametrize(
    ("message", "code"),
    [
        (struct.pack("<HBHB", 0x2000, 0x40, NUMBERS, 1), 0x06),
        (b"", 0x06),
        (b"\0", 0x06),
        (struct.pack("<HBHBI", 0x3000, 0x40, NUMBERS, 1, 0), 0x04),
        (struct.pack("<HBHBI", 0x1000, 0x40, NUMBERS, 1, 0), 0x04),
        (struct.pack("<HBHBI", 0x4000, 0x40, NUMBERS, 1, 0), 0x04),
        (struct.pack("<HBHBI", 0xF000, 0x40, NUMBERS, 1, 0), 0x04),
    ],
)
def test_what_is_no_sdo_service_gets_a_mailbox_error(message: bytes, code: int):
    client: SdoClient = client_of(one_of_everything())
    with pytest.raises(MailboxErrorReply) as caught:
        client.ask(message)
    assert caught.value.code == code
    assert client.read(NUMBERS, 0) == b"\5"
