"""A process that is killed in the middle of a creation does not stop those that come after it."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from taktora.ipc import Node
from taktora.ipc.unfinished import remove_unfinished

SHARED_MEMORY = Path("/dev/shm")


def half_made(domain: str, name: str = "0_1.dynamic") -> Path:
    """What iceoryx2 leaves when it is killed between creating and completing."""
    path = SHARED_MEMORY / f"{domain}_{name}"
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o200))
    return path


@pytest.mark.rule("CHAN-33")
def test_half_made_memory_that_nobody_has_open_is_removed(domain: str) -> None:
    path = half_made(domain)
    assert remove_unfinished(f"{domain}_") == 1
    assert not path.exists()


@pytest.mark.rule("CHAN-33")
def test_half_made_memory_whose_creator_lives_is_left_alone(domain: str) -> None:
    path = half_made(domain)
    with path.open("wb"):
        assert remove_unfinished(f"{domain}_") == 0
        assert path.exists()
    path.unlink()


@pytest.mark.rule("CHAN-33")
def test_complete_memory_and_that_of_other_domains_is_left_alone(domain: str) -> None:
    other = half_made(f"{domain}other")
    complete = SHARED_MEMORY / f"{domain}_complete"
    complete.touch(0o600)
    assert remove_unfinished(f"{domain}_") == 0
    assert other.exists()
    assert complete.exists()
    other.unlink()
    complete.unlink()


@pytest.mark.rule("CHAN-33")
def test_a_killed_creator_does_not_hang_the_next_node(domain: str) -> None:
    """The dynamic part of a service becomes half-made again, and its process dies."""
    code = f"""
import ctypes, os, sys
from taktora.ipc import Node
node = Node(domain={domain!r})
channel = node.channel("c", ctypes.c_uint64)
publisher = channel.publisher()
print("up", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "up\n"
        dynamic = list(SHARED_MEMORY.glob(f"{domain}_*.dynamic"))
        assert dynamic
        victim.kill()
        victim.wait()
    for path in dynamic:
        os.truncate(path, 0)
        path.chmod(0o200)
    successor = f"""
import ctypes
from taktora.ipc import Node
with Node(domain={domain!r}) as node:
    channel = node.channel("c", ctypes.c_uint64)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    publisher.send_copy(7)
    print(int(subscriber.take().payload))
"""
    done = subprocess.run(  # another process: a hang would hold the GIL of this one for ever
        [sys.executable, "-c", successor], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.stdout, done.stderr) == ("7\n", "")


@pytest.mark.rule("CHAN-33")
def test_room_that_the_dead_take_up_is_found_without_a_new_node(domain: str) -> None:
    with Node(domain=domain) as node:
        channel = node.channel("c", ctypes.c_uint64, max_publishers=1)
        code = f"""
import ctypes, sys
from taktora.ipc import Node
node = Node(domain={domain!r})
publisher = node.channel("c", ctypes.c_uint64).publisher()
print("up", flush=True)
sys.stdin.read()
"""
        with subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as victim:
            assert victim.stdout is not None
            assert victim.stdout.readline() == "up\n"
            victim.kill()
            victim.wait()
        assert channel.publisher().send_copy(1).sent
