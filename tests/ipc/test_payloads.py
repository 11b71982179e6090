"""Whatever is sent arrives equal, and what cannot travel is refused."""

from __future__ import annotations

import ctypes
import enum
import pickle
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taktora.errors import InvalidArgument, UnsupportedPayload, WrongType
from taktora.transport.arrays import layout_name

from .shapes import (
    Anonymous,
    Big,
    Demanding,
    Derived,
    Either,
    Imu,
    Named,
    Packed,
    Vector,
)

many = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
finite = st.floats(allow_nan=False)


def pair(node, payload_type, name="c", **limits):
    channel = node.channel(name, payload_type, **limits)
    return channel.publisher(), channel.subscriber()


def through(node, payload_type, value):
    publisher, subscriber = pair(node, payload_type)
    publisher.send_copy(value)
    return subscriber.take()


@pytest.mark.rule("CHAN-01")
@many
@given(
    stamp=st.integers(0, 2**64 - 1),
    point=st.tuples(finite, finite),
    gyro=st.tuples(finite, finite, finite),
    track=st.tuples(st.tuples(finite, finite), st.tuples(finite, finite)),
    grid=st.lists(st.integers(-(2**15), 2**15 - 1), min_size=6, max_size=6),
    name=st.binary(max_size=8).filter(lambda b: b"\0" not in b),
    low=st.integers(0, 7),
    high=st.integers(0, 31),
)
def test_a_structure_with_nested_arrays_arrives_equal(  # noqa: PLR0917
    node, stamp, point, gyro, track, grid, name, low, high
):
    rows = tuple((ctypes.c_int16 * 2)(*grid[2 * i : 2 * i + 2]) for i in range(3))
    sent = Imu(
        stamp,
        Vector(*point),
        gyro,
        tuple(Vector(*t) for t in track),
        rows,
        name,
        low,
        high,
    )
    publisher, subscriber = pair(node, Imu)
    with publisher, subscriber:
        publisher.send_copy(sent)
        got = subscriber.take().payload
    assert isinstance(got, Imu)
    assert bytes(got) == bytes(sent)
    assert (got.stamp, got.position.x, got.position.y) == (stamp, *point)
    assert tuple(got.gyro) == gyro
    assert tuple((v.x, v.y) for v in got.track) == track
    assert [n for row in got.grid for n in row] == grid
    assert (got.name, got.low, got.high) == (name, low, high)


@pytest.mark.rule("CHAN-01", "CHAN-05")
@many
@given(chunks=st.lists(st.binary(max_size=20_000), min_size=1, max_size=16))
def test_any_bytes_arrive_equal_with_their_length(node, chunks):
    publisher, subscriber = pair(node, bytes)
    with publisher, subscriber:
        for chunk in chunks:
            publisher.send_copy(chunk)
        for chunk in chunks:
            sample = subscriber.take()
            assert sample.payload == chunk
            assert sample.payload.nbytes == len(chunk) == sample.numpy().size
            assert sample.payload.readonly
            assert bytes(sample.view) == chunk


INTEGERS = [
    ctypes.c_int8,
    ctypes.c_uint8,
    ctypes.c_int16,
    ctypes.c_uint16,
    ctypes.c_int32,
    ctypes.c_uint32,
    ctypes.c_int64,
    ctypes.c_uint64,
    ctypes.c_size_t,
]


def bounds(kind):
    bits = ctypes.sizeof(kind) * 8
    signed = kind(-1).value < 0
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)


@pytest.mark.rule("CHAN-01", "CHAN-06")
@pytest.mark.parametrize("kind", INTEGERS, ids=lambda kind: kind.__name__)
@many
@given(data=st.data())
def test_an_integer_arrives_equal_or_is_refused(node, kind, data):
    lowest, highest = bounds(kind)
    value = data.draw(
        st.integers(lowest - 2, highest + 2)
        | st.sampled_from([lowest - 1, lowest, highest, highest + 1])
    )
    publisher, subscriber = pair(node, kind)
    with publisher, subscriber:
        if lowest <= value <= highest:
            publisher.send_copy(value)
            publisher.send_copy(kind(value))
            for _ in range(2):
                payload = subscriber.take().payload
                assert payload == value == payload.value
                assert isinstance(payload, int)
        else:
            with pytest.raises(InvalidArgument, match="channel 'c'"):
                publisher.send_copy(value)
            assert subscriber.take() is None


@pytest.mark.rule("CHAN-01")
@many
@given(value=st.floats())
def test_a_double_arrives_with_the_same_bits(node, value):
    publisher, subscriber = pair(node, ctypes.c_double)
    with publisher, subscriber:
        publisher.send_copy(value)
        sample = subscriber.take()
        assert struct.pack("d", sample.payload.value) == struct.pack("d", value)
        assert isinstance(sample.payload, float)


class Colour(enum.IntEnum):
    RED = 3


@pytest.mark.rule("CHAN-01")
@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (ctypes.c_bool, True, True),
        (ctypes.c_bool, False, False),
        (ctypes.c_bool, np.True_, True),
        (ctypes.c_char, b"x", b"x"),
        (ctypes.c_wchar, "ä", "ä"),
        (ctypes.c_float, 0.5, 0.5),
        (ctypes.c_float, float("inf"), float("inf")),
        (ctypes.c_double, 3, 3.0),
        (ctypes.c_double, np.float32(0.5), 0.5),
        (ctypes.c_longdouble, 0.25, 0.25),
        (ctypes.c_uint8, np.int64(7), 7),
        (ctypes.c_uint8, Colour.RED, 3),
        (ctypes.c_uint32.__ctype_be__, 0x01020304, 0x01020304),
    ],
)
def test_a_scalar_is_sent_from_a_plain_value_and_received_as_one(node, kind, value, expected):
    payload = through(node, kind, value).payload
    assert payload == expected
    assert payload.value == expected
    assert type(payload.value) is type(expected)


@pytest.mark.rule("CHAN-01")
def test_a_received_bool_reads_as_one(node):
    payload = through(node, ctypes.c_bool, True).payload
    assert payload
    assert payload.value is True
    assert f"{payload!r} {payload!s}" == "True True"


@pytest.mark.rule("CHAN-01")
@pytest.mark.parametrize(
    "value",
    [
        Either(whole=0x01020304),
        Big(1, -2),
        Anonymous(1),
        Derived(Vector(1, 2), 3),
        Demanding(5),
        Named(7),
        Packed(1, 2),
        (ctypes.c_double * 3)(1, 2, 3),
        (Vector * 2)(Vector(1, 2), Vector(3, 4)),
        (ctypes.c_char * 5)(*b"hello"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_ctypes_layout_arrives_equal(node, value):
    sample = through(node, type(value), value)
    assert isinstance(sample.payload, type(value))
    assert bytes(sample.payload) == bytes(value) == bytes(sample.view)


@pytest.mark.rule("CHAN-01")
def test_a_received_payload_can_be_sent_on(node):
    payload = through(node, Imu, Imu(stamp=3)).payload
    publisher, subscriber = pair(node, Imu, "onward")
    publisher.send_copy(payload)
    assert subscriber.take().payload.stamp == 3


@pytest.mark.rule("CHAN-01")
def test_a_received_structure_can_be_pickled_into_a_writable_one(node):
    payload = through(node, Vector, Vector(1, 2)).payload
    copy = pickle.loads(pickle.dumps(payload))
    copy.x = 5
    assert (type(copy), copy.x, copy.y, payload.x) == (Vector, 5, 2, 1)


DTYPES = [
    np.dtype("f8"),
    np.dtype(">i4"),
    np.dtype([("x", "f4"), ("y", "i2", (2, 3))]),
    np.dtype([("x", "u1"), ("y", "f8")], align=True),
    np.dtype(("f4", (3, 2))),
    np.dtype("M8[ns]"),
    np.dtype("S5"),
    np.dtype([("in", [("a", "i4"), ("b", "S3")]), ("out", "c16")]),
    np.dtype(("u1", (100, 100))),
]


@pytest.mark.rule("CHAN-01")
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_an_array_of_any_dtype_arrives_equal(node, dtype):
    raw = np.frombuffer(np.random.default_rng(1).bytes(dtype.itemsize), np.uint8)
    value = np.ndarray(dtype.shape, dtype.base, buffer=raw.copy())
    sample = through(node, dtype, value)
    payload = sample.payload
    assert payload.dtype == dtype.base
    assert payload.shape == dtype.shape
    assert payload.tobytes() == value.tobytes() == sample.numpy().tobytes()
    assert not payload.flags.writeable


@pytest.mark.rule("CHAN-01")
def test_an_array_with_gaps_arrives_equal(node):
    dtype = np.dtype(("f4", (50, 50)))
    value = np.arange(10_000, dtype="f4").reshape(100, 100)[::2, ::2]
    assert np.array_equal(through(node, dtype, value).payload, value)


@pytest.mark.rule("CHAN-20")
def test_different_layouts_have_different_names():
    names = [
        layout_name(dtype)
        for dtype in [
            *DTYPES,
            np.dtype("<i4"),
            np.dtype([("x", "u1"), ("y", "f8")]),
            np.dtype([("x", "u1"), ("z", "f8")]),
            np.dtype({"names": ["x"], "formats": ["u1"], "itemsize": 9}),
            np.dtype({"names": ["x"], "formats": ["u1"], "offsets": [1], "itemsize": 9}),
            np.dtype([(f"field{i}", "f8") for i in range(200)]),
            np.dtype([(f"field{i}", "f4") for i in range(400)]),
            np.dtype([("ä", "f8")]),
        ]
    ]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 256 and name.isascii() for name in names)


def test_the_same_layout_has_the_same_name():
    assert layout_name(np.dtype("=i4")) == layout_name(np.dtype("i4"))
    described = np.dtype({"names": ["x", "y"], "formats": ["u1", "u1"]}, metadata={"unit": "m"})
    assert layout_name(described) == layout_name(np.dtype([("x", "u1"), ("y", "u1")]))


@pytest.mark.rule("CHAN-01")
@pytest.mark.parametrize(
    "value",
    [bytearray(b"abc"), memoryview(b"abc"), np.frombuffer(b"abc", "u1"), memoryview(b"a-b-c")[::2]],
)
def test_anything_bytes_like_can_be_sent_as_bytes(node, value):
    assert through(node, bytes, value).payload == b"abc"


@pytest.mark.rule("CHAN-01")
def test_a_wider_array_is_sent_as_its_bytes(node):
    value = np.arange(5, dtype="<u8")
    sample = through(node, bytes, value)
    assert sample.payload.nbytes == 40
    assert np.array_equal(np.frombuffer(sample.payload, "<u8"), value)


class Stretched(Vector):
    _fields_ = [("z", ctypes.c_double)]  # noqa: RUF012


WRONG = [
    (Imu, Vector(1, 2), WrongType),
    (Imu, None, WrongType),
    (Imu, bytes(ctypes.sizeof(Imu)), WrongType),
    (Vector, Stretched(1, 2, 3), WrongType),
    (ctypes.c_uint8, 300, InvalidArgument),
    (ctypes.c_uint8, -1, InvalidArgument),
    (ctypes.c_uint8, 1.0, WrongType),
    (ctypes.c_uint8, True, WrongType),
    (ctypes.c_uint8, "1", WrongType),
    (ctypes.c_uint8, ctypes.c_uint16(1), WrongType),
    (ctypes.c_double, "1", WrongType),
    (ctypes.c_double, True, WrongType),
    (ctypes.c_double, 10**400, InvalidArgument),
    (ctypes.c_float, 1e300, InvalidArgument),
    (ctypes.c_bool, 2, WrongType),
    (ctypes.c_char, b"ab", InvalidArgument),
    (ctypes.c_char, "a", WrongType),
    (ctypes.c_wchar, "", InvalidArgument),
    (bytes, "text", WrongType),
    (bytes, 5, WrongType),
    (bytes, None, WrongType),
    (np.dtype("f8"), 1.0, WrongType),
    (np.dtype("f8"), np.float32(1), WrongType),
    (np.dtype(("f8", (3,))), np.zeros(4), WrongType),
    (np.dtype(("f8", (3,))), np.zeros((1, 3)), WrongType),
]


@pytest.mark.rule("CHAN-06")
@pytest.mark.parametrize(("payload_type", "value", "error"), WRONG, ids=repr)
def test_a_wrong_value_is_refused_by_name_and_nothing_is_sent(node, payload_type, value, error):
    publisher, subscriber = pair(node, payload_type, "gauge")
    with pytest.raises(error, match=r"channel 'gauge'.*nothing was sent"):
        publisher.send_copy(value)
    assert subscriber.take() is None
    assert not subscriber.wakeup.drain()


class Pointing(ctypes.Structure):
    _fields_ = [("fine", ctypes.c_int), ("p", ctypes.POINTER(ctypes.c_int))]


class Texting(ctypes.Structure):
    _fields_ = [("deep", (ctypes.c_char_p * 2))]


class Nesting(ctypes.Structure):
    _fields_ = [("inner", Pointing)]


class Empty(ctypes.Structure):
    _fields_ = []


class LongName(ctypes.Structure):
    _fields_ = [("a", ctypes.c_int)]

    @staticmethod
    def type_name():
        return "x" * 300


UNSUPPORTED = [
    Pointing,
    Texting,
    Nesting,
    Empty,
    LongName,
    ctypes.Structure,
    ctypes.Union,
    ctypes.Array,
    ctypes.c_char_p,
    ctypes.c_wchar_p,
    ctypes.c_void_p,
    ctypes.py_object,
    ctypes.POINTER(ctypes.c_int),
    ctypes.CFUNCTYPE(None),
    np.dtype("O"),
    np.dtype([("a", "O")]),
    np.dtype("S0"),
    np.float64,
    np.zeros(3),
    int,
    float,
    str,
    bytearray,
    object,
    Vector(),
    None,
    "Imu",
]


@pytest.mark.rule("CHAN-07")
@pytest.mark.parametrize("payload_type", UNSUPPORTED, ids=repr)
def test_what_cannot_live_in_shared_memory_is_refused(node, payload_type):
    with pytest.raises(UnsupportedPayload):
        node.channel("c", payload_type)
    with pytest.raises(UnsupportedPayload):
        node.service("s", payload_type, bytes)
    assert node.held.alive() == []


@pytest.mark.rule("CHAN-07")
def test_the_refusal_says_where_the_pointer_is(node):
    with pytest.raises(UnsupportedPayload, match=r"Nesting\.inner\.p"):
        node.channel("c", Nesting)


@pytest.mark.rule("CHAN-07")
def test_a_layout_that_numpy_cannot_express_is_refused_only_there(node):
    sample = through(node, Imu, Imu(stamp=1))
    with pytest.raises(UnsupportedPayload, match=r"bit ?fields"):
        sample.numpy()
    assert sample.payload.stamp == 1


def test_numpy_sees_the_fields_of_a_structure(node):
    seen = through(node, Derived, Derived(Vector(1, 2), 3)).numpy()
    assert seen["when"] == 3
    assert seen["where"]["y"] == 2


def test_numpy_of_a_scalar_and_of_an_array(node):
    assert through(node, ctypes.c_uint16, 7).numpy() == 7
    publisher, subscriber = pair(node, ctypes.c_double * 3, "a")
    publisher.send_copy((ctypes.c_double * 3)(1, 2, 3))
    assert subscriber.take().numpy().tolist() == [1, 2, 3]
