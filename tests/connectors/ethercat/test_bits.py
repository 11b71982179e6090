"""Slices of bits against an oracle that is a list of single bits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors.ethercat.pdi import LONGEST_FIELD, Field, read_bits, write_bits
from taktora.errors import InvalidArgument, PayloadOverflow, WrongType

images = st.binary(min_size=1, max_size=20).map(bytearray)


def bits_of(image: bytes | bytearray | memoryview) -> list[bool]:
    """The oracle's image: bit 0 is the lowest of byte 0."""
    return [bool(byte >> place & 1) for byte in image for place in range(8)]


def number_of(bits: list[bool], *, signed: bool) -> int:
    """Each bit counts twice the one before it; the last of a signed number counts below zero."""
    value = sum(1 << place for place, one in enumerate(bits) if one)
    return value - (1 << len(bits)) if signed and bits[-1] else value


@st.composite
def slices(draw: st.DrawFn, most: int = 64) -> tuple[bytearray, int, int]:
    """An image, and a slice that is inside it."""
    image = draw(images)
    offset = draw(st.integers(0, 8 * len(image) - 1))
    length = draw(st.integers(1, min(most, 8 * len(image) - offset)))
    return image, offset, length


@st.composite
def numbers(draw: st.DrawFn) -> tuple[bytearray, int, int, bool, int]:
    """A slice, whether it is signed, and a number that fits: the extremes more often than others."""
    image, offset, length = draw(slices())
    signed = draw(st.booleans())
    least, most = (-(1 << length - 1), (1 << length - 1) - 1) if signed else (0, (1 << length) - 1)
    value = draw(st.sampled_from([least, most, 0]) | st.integers(least, most))
    return image, offset, length, signed, value


@pytest.mark.rule("BITS-01")
@given(slices(), st.booleans())
def test_a_slice_is_read_as_the_number_that_its_bits_are(
    where: tuple[bytearray, int, int], signed: bool
):
    image, offset, length = where
    expected = number_of(bits_of(image)[offset : offset + length], signed=signed)
    for form in (image, bytes(image), memoryview(image)):
        assert read_bits(form, offset, length, signed=signed) == expected


@pytest.mark.rule("BITS-02")
@given(numbers())
def test_a_number_is_written_into_its_bits_and_into_no_others(
    what: tuple[bytearray, int, int, bool, int],
):
    image, offset, length, signed, value = what
    before = bits_of(image)
    view = memoryview(image)
    write_bits(view, offset, length, value, signed=signed)
    after = bits_of(image)
    assert after[:offset] == before[:offset]
    assert after[offset + length :] == before[offset + length :]
    assert number_of(after[offset : offset + length], signed=signed) == value
    assert len(after) == len(before)


@pytest.mark.rule("BITS-02")
@given(slices(), slices(), st.data())
def test_fields_that_do_not_overlap_do_not_disturb_each_other(
    first: tuple[bytearray, int, int], second: tuple[bytearray, int, int], data: st.DataObject
):
    image = bytearray(max(first[0], second[0], key=len))
    (_, offset, length), (_, other, its) = first, second
    if offset < other + its and other < offset + length:
        other = offset + length
        image.extend(bytes(8))
    value, another = (data.draw(st.integers(0, (1 << n) - 1)) for n in (length, its))
    write_bits(image, offset, length, value)
    write_bits(image, other, its, another)
    assert (read_bits(image, offset, length), read_bits(image, other, its)) == (value, another)


@pytest.mark.rule("BITS-04")
@given(slices(), st.booleans(), st.integers(1, 2**70), st.booleans())
def test_a_number_that_does_not_fit_is_refused_and_changes_nothing(
    where: tuple[bytearray, int, int], signed: bool, by: int, below: bool
):
    image, offset, length = where
    least, most = (-(1 << length - 1), (1 << length - 1) - 1) if signed else (0, (1 << length) - 1)
    before = bytes(image)
    value = least - by if below else most + by
    with pytest.raises(InvalidArgument, match=f"{value} does not fit .*: {least} to {most}"):
        write_bits(image, offset, length, value, signed=signed)
    assert image == before


@pytest.mark.rule("BITS-04")
def test_a_number_too_long_to_be_written_out_is_refused_like_any_other():
    with pytest.raises(InvalidArgument, match="thousands of digits does not fit in 4 bits"):
        write_bits(bytearray(1), 0, 4, 10**5000)


@pytest.mark.rule("BITS-04")
@pytest.mark.parametrize("value", [1.0, "1", None])
def test_what_is_no_whole_number_is_refused_and_changes_nothing(value: object):
    image = bytearray(b"\xa5")
    with pytest.raises(WrongType, match="takes a whole number, not"):
        write_bits(image, 0, 4, value)  # type: ignore[arg-type]
    assert image == b"\xa5"


@pytest.mark.rule("BITS-03")
@given(images, st.integers(0, 200), st.integers(1, 64))
def test_a_slice_is_inside_the_image_or_refused_and_changes_nothing(
    image: bytearray, offset: int, length: int
):
    before = bytes(image)
    if offset + length <= 8 * len(image):
        write_bits(image, offset, length, read_bits(image, offset, length))
    else:
        said = f"bits {offset} to {offset + length - 1} .* has {8 * len(image)} bits"
        with pytest.raises(PayloadOverflow, match=said) as caught:
            read_bits(image, offset, length)
        assert (caught.value.actual, caught.value.maximum) == (
            (offset + length + 7) // 8,
            len(image),
        )
        with pytest.raises(PayloadOverflow, match=said):
            write_bits(image, offset, length, 0)
    assert image == before


@pytest.mark.rule("BITS-04")
@pytest.mark.parametrize(
    ("offset", "length", "said"),
    [
        (0, 0, "bit_length must be 1 to 64, not 0"),
        (0, 65, "bit_length must be 1 to 64, not 65"),
        (0, -1, "bit_length must be 1 to 64, not -1"),
        (-1, 8, "bit_offset must be 0 or more, not -1"),
    ],
)
def test_a_place_that_cannot_be_is_refused(offset: int, length: int, said: str):
    image = bytearray(b"\xa5" * 16)
    with pytest.raises(InvalidArgument, match=said):
        read_bits(image, offset, length)
    with pytest.raises(InvalidArgument, match=said):
        write_bits(image, offset, length, 0)
    assert image == b"\xa5" * 16


@pytest.mark.rule("BITS-05")
@given(slices(most=LONGEST_FIELD))
def test_a_field_reads_its_bits_as_bytes_with_zeros_above(where: tuple[bytearray, int, int]):
    image, offset, length = where
    its = bits_of(image)[offset : offset + length]
    for form in (image, bytes(image), memoryview(image)):
        read = Field(offset, length).read(form)
        assert isinstance(read, bytes)
        assert bits_of(read) == its + [False] * (-length % 8)


@pytest.mark.rule("BITS-05", "BITS-02")
@given(slices(most=LONGEST_FIELD), st.data())
def test_a_field_writes_its_bits_and_no_others(
    where: tuple[bytearray, int, int], data: st.DataObject
):
    image, offset, length = where
    bits = data.draw(st.lists(st.booleans(), min_size=length, max_size=length))
    payload = sum(1 << n for n, one in enumerate(bits) if one).to_bytes((length + 7) // 8, "little")
    before = bits_of(image)
    Field(offset, length).write(memoryview(image), memoryview(payload))
    assert bits_of(image) == before[:offset] + bits + before[offset + length :]


@pytest.mark.rule("BITS-06", "BITS-03")
@given(slices(most=100), st.sampled_from([-1, 0, 0, 0, 1]), st.integers(0, 2), st.data())
def test_a_field_takes_what_is_exactly_its_size_or_changes_nothing(
    where: tuple[bytearray, int, int], more: int, cut: int, data: st.DataObject
):
    image, offset, length = where
    field, before = Field(offset, length), bytes(image)
    size = field.size + more
    payload = data.draw(st.binary(min_size=size, max_size=size))
    short = image[: max(field.end - cut, 0)]
    fits = len(payload) == field.size and not any(bits_of(payload)[length:])
    if cut and len(short) < field.end:
        kept = bytes(short)
        with pytest.raises(PayloadOverflow, match="not all in the image"):
            field.write(short, payload)
        with pytest.raises(PayloadOverflow, match="not all in the image"):
            field.read(short)
        assert short == kept
    elif fits:
        field.write(image, payload)
        assert field.read(image) == payload
    else:
        with pytest.raises(InvalidArgument, match="payload"):
            field.write(image, payload)
        assert image == before


@pytest.mark.rule("BITS-07")
@given(st.tuples(*[st.integers(0, 80), st.integers(1, 40)] * 2))
def test_fields_overlap_if_they_share_a_bit(places: tuple[int, int, int, int]):
    first, second = Field(*places[:2]), Field(*places[2:])
    shared = set(range(places[0], sum(places[:2]))) & set(range(places[2], sum(places[2:])))
    assert first.overlaps(second) == second.overlaps(first) == bool(shared)


@pytest.mark.rule("BITS-05")
@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ((-1, 1), InvalidArgument, "bit_offset must be 0 to"),
        ((0, 0), InvalidArgument, "bit_length must be 1 to 11888, not 0"),
        ((0, 11889), InvalidArgument, "bit_length must be 1 to 11888, not 11889"),
        ((0.0, 8), WrongType, "bit_offset must be an integer, not 0.0"),
        ((0, True), WrongType, "bit_length must be an integer, not True"),
    ],
)
def test_a_field_that_cannot_be_is_refused(
    arguments: tuple[int, int], error: type[Exception], said: str
):
    with pytest.raises(error, match=said):
        Field(*arguments)
