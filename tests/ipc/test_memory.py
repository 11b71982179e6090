"""Views of shared memory stay valid, and no use of them can end the process."""

from __future__ import annotations

import ctypes
import gc

import numpy as np
import pytest

from .conftest import one_after_the_other
from .shapes import Vector

FIRST = bytes(range(100))

VIEWS = {
    "payload": lambda sample: sample.payload,
    "view": lambda sample: sample.view,
    "numpy": lambda sample: sample.numpy(),
    "slice": lambda sample: sample.payload[10:20],
    "cast": lambda sample: sample.payload.cast("H"),
    "array": lambda sample: np.frombuffer(sample.payload, "u1"),
    "sliced array": lambda sample: sample.numpy()[3:50:2],
    "reshaped": lambda sample: sample.numpy().reshape(10, 10)[2],
}


@pytest.mark.rule("CHAN-04")
@pytest.mark.parametrize("look", VIEWS.values(), ids=VIEWS.keys())
def test_a_view_stays_unchanged_when_everything_else_is_gone(node, look):
    channel = node.channel("c", bytes, buffer_size=2, max_borrowed=2)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    publisher.send_copy(FIRST)
    view = look(subscriber.take())
    expected = bytes(view)
    gc.collect()
    for _ in range(50):
        publisher.send_copy(bytes(100))
        subscriber.take()
    assert bytes(view) == expected
    node.close()
    del publisher, subscriber, channel
    gc.collect()
    assert bytes(view) == expected


@pytest.mark.rule("CHAN-04")
def test_a_dropped_view_gives_its_sample_back(node):
    channel = node.channel("c", bytes, max_borrowed=1)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    for n in range(20):
        publisher.send_copy(bytes([n]))
        view = subscriber.take().payload
        assert view[0] == n
        del view


READ_ONLY = {
    "memoryview": "v = s.payload; v[0] = 1",
    "slice": "v = s.payload[1:3]; v[0] = 1",
    "cast": "v = s.payload.cast('H'); v[0] = 1",
    "view": "s.view[0] = 1",
    "array": "s.numpy()[0] = 1",
    "array flag": "a = s.numpy(); a.flags.writeable = True; a[0] = 1",
    "array of the view": "a = np.frombuffer(s.payload, 'u1'); a.flags.writeable = True; a[0] = 1",
    "ctypes from the view": "(ctypes.c_char * 3).from_buffer(s.payload)[0] = b'x'",
    "readinto": "io.BytesIO(b'abc').readinto(s.payload)",
}


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    """What became of each of these attempts to write."""
    return one_after_the_other(
        """
import ctypes, io
import numpy as np
from taktora.ipc import Node

def attempt(write):
    with Node() as node:
        channel = node.channel("c", bytes)
        publisher, subscriber = channel.publisher(), channel.subscriber()
        publisher.send_copy(b"abcd")
        s = subscriber.take()
        try:
            exec(write)
        except (TypeError, ValueError, BufferError, OSError) as error:
            return "refused" if s.payload == b"abcd" else "refused, and yet written"
        return "written"
""",
        list(READ_ONLY.values()),
    )


@pytest.mark.rule("CHAN-03")
@pytest.mark.parametrize("write", READ_ONLY.values(), ids=READ_ONLY.keys())
def test_writing_to_a_received_view_is_an_error_and_not_a_crash(written, write):
    assert written[write] == "refused"


@pytest.mark.rule("CHAN-03")
def test_writing_to_a_received_array_is_an_error_and_not_a_crash(script):
    output = script(
        """
import ctypes
import numpy as np
from taktora.ipc import Node
class P(ctypes.Structure):
    _fields_ = [("x", ctypes.c_double)]
with Node() as node:
    for name, kind, value in (
        ("d", np.dtype([("x", "f8")]), np.zeros((), [("x", "f8")])), ("s", P, P()), ("i", ctypes.c_int, 1)
    ):
        channel = node.channel(name, kind)
        publisher, subscriber = channel.publisher(), channel.subscriber()
        publisher.send_copy(value)
        sample = subscriber.take()
        for array in (sample.numpy(), sample.payload):
            for attempt in (
                lambda: array.__setitem__("x", 1),
                lambda: array.__setitem__((), 1),
                lambda: setattr(array.flags, "writeable", True),
                lambda: setattr(array, "x", 1),
            ):
                try:
                    attempt()
                except (ValueError, TypeError, AttributeError, IndexError):
                    continue
                print("written", name, array)
        ctypes.memset(ctypes.byref(sample.payload), 1, 1) if name == "s" else None
print("survived")
"""
    )
    assert output == "survived\n"


AFTER_CLOSING = [
    "publisher.send_copy(b'x')",
    "publisher.loan_send(print, 3)",
    "publisher.loan(3).__enter__()",
    "publisher.connect()",
    "subscriber.take()",
    "list(subscriber)",
    "subscriber.connect()",
    "subscriber.wakeup.drain()",
    "subscriber.wakeup.has_data()",
    "sample.payload",
    "sample.view",
    "sample.numpy()",
    "channel.publisher()",
    "server.take()",
    "client.send_copy(b'x')",
    "pending.take()",
    "request.respond(b'x')",
    "request.payload",
    "repr([publisher, subscriber, sample, channel, server, client, pending, request, node])",
]


@pytest.fixture(scope="module")
def used_after_closing() -> dict[str, str]:
    """What became of each of these uses."""
    return one_after_the_other(
        """
from taktora.errors import PortClosed
from taktora.ipc import Node

def attempt(use):
    node = Node()
    channel = node.channel("c", bytes)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    service = node.service("s", bytes, bytes)
    server, client = service.server(), service.client()
    publisher.send_copy(b"abc")
    sample = subscriber.take()
    pending = client.send_copy(b"question")
    request = server.take()
    node.close()
    try:
        exec(use)
    except PortClosed:
        pass
    return "survived"
""",
        AFTER_CLOSING,
    )


@pytest.mark.rule("CHAN-30")
@pytest.mark.parametrize("use", AFTER_CLOSING)
def test_nothing_done_after_closing_ends_the_process(used_after_closing, use):
    assert used_after_closing[use] == "survived"


@pytest.mark.rule("CHAN-15")
@pytest.mark.parametrize("max_bytes", [None, 4_000_000])
def test_writing_through_a_spent_payload_neither_crashes_nor_changes_what_was_sent(
    script, max_bytes
):
    output = script(
        f"""
import gc
import numpy as np
from taktora.ipc import Node
with Node() as node:
    channel = node.channel("c", bytes, max_bytes={max_bytes})
    publisher, subscriber = channel.publisher(), channel.subscriber()
    with publisher.loan(1000) as payload:
        payload[:] = b"a" * 1000
        stale, also = payload[10:20], np.frombuffer(payload, "u1")
    try:
        payload[0] = 1
    except ValueError:
        print("released")
    stale[:] = b"z" * 10
    also[5] = 1
    sample = subscriber.take()
    assert sample.payload == b"a" * 1000
    del sample
    for n in range(10):
        publisher.send_copy(b"b" * 200_000 * (n + 1))
        subscriber.take()
        gc.collect()
    stale[:] = b"y" * 10
    also[5] = 2
    publisher.close()
    gc.collect()
    stale[:] = b"x" * 10
    also[5] = 3
print("survived")
stale[:] = b"w" * 10
"""
    )
    assert output == "released\nsurvived\n"


@pytest.mark.rule("CHAN-15")
def test_a_payload_object_kept_after_the_loan_and_the_node_stays_mapped(script):
    output = script(
        """
import ctypes, gc
import numpy as np
from taktora.ipc import Node
class P(ctypes.Structure):
    _fields_ = [("x", ctypes.c_double * 1000)]
kept = []
with Node() as node:
    for name, kind in (("s", P), ("i", ctypes.c_int), ("a", np.dtype(("f8", (1000,))))):
        publisher = node.channel(name, kind).publisher()
        with publisher.loan() as payload:
            kept.append(payload)
        publisher.loan_send(kept.append)
del publisher, node
gc.collect()
for payload in kept:
    if isinstance(payload, np.ndarray):
        payload.flags.writeable = True
    ctypes.memset(ctypes.byref(payload) if not isinstance(payload, np.ndarray) else payload.ctypes.data, 1, 4)
print("survived")
"""
    )
    assert output == "survived\n"


@pytest.mark.rule("CHAN-04")
def test_a_structure_read_before_closing_stays_readable(node):
    channel = node.channel("c", Vector)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    publisher.send_copy(Vector(1, 2))
    sample = subscriber.take()
    assert sample.payload.y == 2
    node.close()
    assert sample.payload.y == 2


@pytest.mark.rule("CHAN-03")
def test_what_one_reader_does_to_its_copy_no_other_reader_sees(node):
    channel = node.channel("c", Vector)
    publisher, one, other = channel.publisher(), channel.subscriber(), channel.subscriber()
    publisher.send_copy(Vector(1, 2))
    mine = one.take()
    ctypes.memset(ctypes.byref(mine.payload), 0xFF, 16)
    assert (other.take().payload.x, mine.numpy()["x"]) == (1, 1)
