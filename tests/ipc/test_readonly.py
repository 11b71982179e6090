"""A received structure refuses every way of writing to it."""

from __future__ import annotations

import ctypes

import pytest

from taktora.errors import ReadOnlyPayload
from taktora.transport.readonly import read_only

from .shapes import Anonymous, Derived, Either, Imu, Vector

WRITES = [
    (Imu, "p.stamp = 1"),
    (Imu, "p.low = 1"),
    (Imu, "p.name = b'x'"),
    (Imu, "p.something_new = 1"),
    (Imu, "del p.stamp"),
    (Imu, "p.position = Vector(1, 2)"),
    (Imu, "p.position.x = 1"),
    (Imu, "p.gyro = (1, 2, 3)"),
    (Imu, "p.gyro[0] = 1"),
    (Imu, "p.gyro[:] = [1, 2, 3]"),
    (Imu, "p.track[0] = Vector(1, 2)"),
    (Imu, "p.track[1].x = 1"),
    (Imu, "p.track[-1].x = 1"),
    (Imu, "p.track[0:2][1].y = 1"),
    (Imu, "next(iter(p.track)).x = 1"),
    (Imu, "p.grid[0][1] = 1"),
    (Imu, "p.__init__(1)"),
    (Either, "p.whole = 1"),
    (Either, "p.parts[0] = 1"),
    (Anonymous, "p.left = 1"),
    (Anonymous, "p.point.x = 1"),
    (Anonymous, "p.inner.point.x = 1"),
    (Derived, "p.where.x = 1"),
    (Derived, "p.when = 1"),
    (ctypes.c_int * 3, "p[0] = 1"),
    (ctypes.c_char * 3, "p.value = b'a'"),
    (ctypes.c_char * 3, "p.raw = b'abc'"),
    (ctypes.c_char * 3, "p[0] = b'a'"),
    (Vector * 2, "p[1].y = 1"),
]


@pytest.mark.rule("CHAN-03")
@pytest.mark.parametrize(("payload_type", "write"), WRITES, ids=lambda x: str(x))
def test_every_write_to_a_received_payload_is_refused_and_changes_nothing(payload_type, write):
    content = bytes(range(1, ctypes.sizeof(payload_type) + 1))
    payload = read_only(payload_type).from_buffer_copy(content)
    with pytest.raises(ReadOnlyPayload, match="read-only"):
        exec(write, {"p": payload, "Vector": Vector})
    assert bytes(payload) == content


@pytest.mark.rule("CHAN-03")
def test_a_read_only_twin_reads_as_its_original_does():
    content = bytes(range(ctypes.sizeof(Imu)))
    twin, original = read_only(Imu).from_buffer_copy(content), Imu.from_buffer_copy(content)
    assert isinstance(twin, Imu)
    assert type(twin).__name__ == "Imu"
    assert twin.stamp == original.stamp
    assert twin.position.y == original.position.y
    assert twin.gyro[-1] == original.gyro[-1]
    assert twin.track[-1].x == original.track[-1].x
    assert [v.y for v in twin.track] == [v.y for v in original.track]
    assert [v.y for v in twin.track[::-1]] == [v.y for v in original.track[::-1]]
    assert [list(row) for row in twin.grid] == [list(row) for row in original.grid]
    assert len(twin.track) == len(original.track)
    assert twin.name == original.name
    with pytest.raises(IndexError):
        twin.track[2]


@pytest.mark.rule("CHAN-03")
def test_a_part_of_a_received_payload_outlives_the_whole():
    payload = read_only(Imu).from_buffer_copy(bytes(range(ctypes.sizeof(Imu))))
    track, expected = payload.track, payload.track[1].y
    del payload
    assert track[1].y == expected


@pytest.mark.rule("CHAN-03")
def test_a_writable_copy_of_a_received_payload_is_one_call_away():
    payload = read_only(Vector).from_buffer_copy(bytes(16))
    copy = Vector.from_buffer_copy(payload)
    copy.x = 3
    assert (copy.x, payload.x) == (3, 0)
