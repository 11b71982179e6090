"""Several processes on one name."""

from __future__ import annotations

import ctypes
import os
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import iceoryx2 as iox
import pytest

from taktora.ipc import Node
from taktora.ipc.abandoned import remove_abandoned, service_hash

from .conftest import leftovers

U64 = ctypes.c_uint64


def start(domain, code):
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {"TAKTORA_DOMAIN": domain},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return output


@pytest.mark.rule("CHAN-02")
@pytest.mark.parametrize("buffer_size", [100_000, 50])
def test_a_hundred_thousand_sends_arrive_in_order_and_never_twice(node, domain, buffer_size):
    count = 100_000
    subscriber = node.channel("c", U64, buffer_size=buffer_size, max_subscribers=2).subscriber()
    sender = start(
        domain,
        f"""
import ctypes, sys
from taktora.ipc import Node
with Node() as node:
    publisher = node.channel("c", ctypes.c_uint64).publisher()
    for n in range({count}):
        publisher.send_copy(n)
    print("sent", flush=True)
    sys.stdin.read()
""",
    )
    sent = threading.Event()
    watcher = threading.Thread(target=lambda: (sender.stdout.readline(), sent.set()))
    watcher.start()
    got, finished = [], False
    while not finished:
        finished = sent.is_set()
        got.extend(int(sample.payload) for sample in subscriber)
    watcher.join()
    finish(sender)
    assert got == sorted(set(got))
    assert got[-1] == count - 1
    gaps = count - len(got)
    assert gaps == 0 or buffer_size < count


@pytest.mark.rule("CHAN-24")
def test_processes_may_create_the_same_names_at_the_same_moment(domain):
    code = """
import ctypes, sys
from taktora.ipc import Node
print("ready", flush=True)
sys.stdin.readline()
for round in range(30):
    with Node() as node:
        channel = node.channel("c", ctypes.c_uint64, buffer_size=7)
        publisher, subscriber = channel.publisher(), channel.subscriber()
        publisher.send_copy(round)
        assert subscriber.take() is not None
        service = node.service("s", bytes, bytes, max_servers=9)
        server, client = service.server(), service.client()
        assert client.send_copy(b"x").outcome.sent
print("done")
"""
    processes = [start(domain, code) for _ in range(5)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        assert finish(process) == "done\n"


@pytest.mark.rule("CHAN-24")
def test_threads_may_create_the_same_names_at_the_same_moment(domain):
    def work(n):
        with Node(domain=domain) as node:
            channel = node.channel("c", bytes)
            publisher, subscriber = channel.publisher(), channel.subscriber()
            publisher.send_copy(bytes([n]))
            return any(sample.payload[0] == n for sample in subscriber)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(64)))


@pytest.mark.rule("CHAN-24", "CHAN-33")
def test_processes_killed_while_creating_do_not_block_the_name():
    """Kills at random moments of creation; afterwards the name must be usable."""
    domain = f"killed{os.getpid()}"

    code = """
import ctypes
from taktora.ipc import Node
print("ready", flush=True)
while True:
    with Node() as node:
        channel = node.channel("c", ctypes.c_uint64)
        channel.publisher(), channel.subscriber()
"""
    chance = random.Random(4)
    for _ in range(12):
        victim = start(domain, code)
        victim.stdout.readline()
        moment = time.monotonic() + chance.uniform(0, 0.03)
        while time.monotonic() < moment:
            pass
        victim.kill()
        victim.communicate()
        with Node(domain=domain) as node:
            channel = node.channel("c", U64)
            publisher, subscriber = channel.publisher(), channel.subscriber()
            publisher.send_copy(1)
            assert subscriber.take().payload == 1
    for path in map(Path, leftovers(domain)):  # of nodes killed while being created themselves
        path.unlink(missing_ok=True)


def test_outcome_of_a_send_to_another_process(node, domain):
    publisher = node.channel("c", U64).publisher()
    listener = start(
        domain,
        "import ctypes, sys\nfrom taktora.ipc import Node\n"
        "with Node() as node:\n"
        "    subscriber = node.channel('c', ctypes.c_uint64).subscriber()\n"
        "    print('up', flush=True)\n"
        "    sys.stdin.read()\n"
        "    print([int(s.payload) for s in subscriber])\n",
    )
    assert listener.stdout.readline() == "up\n"
    outcome = publisher.send_copy(5)
    assert (outcome.listeners_notified, outcome.subscribers_reached) == (1, 1)
    assert finish(listener) == "[5]\n"


@pytest.mark.rule("CHAN-24", "CHAN-33")
@pytest.mark.parametrize("suffix", ["", ".__taktora_event"])
def test_a_creation_that_was_abandoned_is_taken_over(node, suffix):
    """What a kill between the service's file and its completion leaves, made by hand."""
    pattern = iox.MessagingPattern.Event if suffix else iox.MessagingPattern.PublishSubscribe
    abandoned = Path("/tmp/iceoryx2/services") / (
        f"{node.domain}_{service_hash('c' + suffix, pattern)}.service"
    )
    abandoned.parent.mkdir(exist_ok=True)
    abandoned.write_text("half a")
    abandoned.chmod(0o600)
    channel = node.channel("c", U64)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    publisher.send_copy(1)
    assert subscriber.take().payload == 1


@pytest.mark.rule("CHAN-24")
def test_a_creation_that_a_living_process_is_at_is_left_alone(node):
    pattern = iox.MessagingPattern.PublishSubscribe
    stem = f"{node.domain}_{service_hash('c', pattern)}"
    creation = Path("/tmp/iceoryx2/services") / f"{stem}.service"
    tag = Path("/tmp/iceoryx2/nodes") / str(node.raw.id.value) / f"{stem}.service_tag"
    for path in (creation, tag):
        path.parent.mkdir(exist_ok=True)
        path.write_text("half a")
        path.chmod(0o600)
    assert not remove_abandoned(node, "c", pattern)
    assert creation.exists()
    tag.unlink()
    assert remove_abandoned(node, "c", pattern)
    assert not creation.exists()
