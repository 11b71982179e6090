"""A node's life: its domain, its end, and what stays behind (nothing)."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import subprocess
import sys

import pytest

from taktora.errors import InvalidName, PortClosed
from taktora.ipc import Node

from .conftest import leftovers

U64 = ctypes.c_uint64

EVERYTHING = """
import ctypes, sys
from taktora.ipc import Node
node = Node("busy")
channel = node.channel("c", bytes)
publisher, subscriber = channel.publisher(), channel.subscriber()
structures = node.channel("d", ctypes.c_uint64)
other = structures.publisher(), structures.subscriber()
service = node.service("s", bytes, bytes)
server, client = service.server(), service.client()
publisher.send_copy(b"one")
publisher.send_copy(b"two")
sample = subscriber.take()
pending = client.send_copy(b"question")
request = server.take()
request.respond(b"answer")
response = pending.take()
loan = publisher.loan(5)
"""


@pytest.mark.rule("CHAN-31")
def test_closing_leaves_no_file_whatever_the_program_still_refers_to(domain, monkeypatch):
    monkeypatch.setenv("TAKTORA_DOMAIN", domain)
    everything = {}
    exec(EVERYTHING + "payload = loan.__enter__()", everything)
    assert len(leftovers(domain)) > 20
    everything["node"].close()
    assert leftovers(domain) == []


@pytest.mark.rule("CHAN-31")
def test_a_payload_view_keeps_only_what_it_looks_at(domain):
    with Node(domain=domain) as node:
        channel = node.channel("c", bytes)
        publisher, subscriber = channel.publisher(), channel.subscriber()
        publisher.send_copy(b"kept")
        view = subscriber.take().payload
    assert view == b"kept"
    del view
    gc.collect()
    assert leftovers(domain) == []


ENDINGS = {
    "end": "",
    "views": "kept = sample.payload, request.view, response.payload[1:]",
    "loan open": "payload = loan.__enter__()",
    "loan spent": "with loan as payload: pass\nimport numpy as np\na = np.frombuffer(sample.payload, 'u1')",
    "sys.exit": "sys.exit(3)",
    "exception": "raise KeyError('unhandled')",
    "cycle": "cycle = [sample]; cycle.append(cycle)",
    "thread": "import threading; t = threading.Thread(target=lambda: list(subscriber)); t.start()",
    "daemon": (
        "import threading\ndef busy():\n  while True:\n    publisher.send_copy(b'x'); subscriber.take()\n"
        "threading.Thread(target=busy, daemon=True).start()"
    ),
    "two nodes": "more = Node('second'); also = more.channel('c', bytes).publisher()",
}


@pytest.mark.rule("CHAN-32")
@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS.keys())
def test_a_program_that_ends_leaves_no_file(script, domain, ending):
    script(EVERYTHING + ending, check=False)
    assert leftovers(domain) == []


@pytest.mark.rule("CHAN-33")
def test_the_next_node_removes_what_a_killed_process_left(domain):
    code = EVERYTHING + "print('up', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {"TAKTORA_DOMAIN": domain},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as victim:
        assert victim.stdout.readline() == "up\n"
        victim.send_signal(signal.SIGKILL)
    left = leftovers(domain)
    assert len(left) > 20
    with Node(domain=domain):
        mine = {path for path in leftovers(domain) if path not in left}
        kept = [path for path in left if path in leftovers(domain)]
        assert [path for path in kept if "global_mgmt" not in path] == []
        assert all("node" in path for path in mine)


@pytest.mark.rule("CHAN-33")
def test_a_killed_publisher_frees_its_slot_for_others(node, domain):
    channel = node.channel("c", bytes, max_publishers=1)
    code = (
        "import os, signal\nfrom taktora.ipc import Node\n"
        "publisher = Node().channel('c', bytes).publisher()\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"TAKTORA_DOMAIN": domain}, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    with Node(domain=domain):
        assert channel.publisher().send_copy(b"mine now").sent


@pytest.mark.rule("CHAN-30")
def test_every_operation_on_a_closed_port_names_it(node):
    channel = node.channel("speed", U64)
    service = node.service("add", U64, U64)
    ports = [channel.publisher(), channel.subscriber(), service.server(), service.client()]
    for port in ports:
        assert not port.closed
        port.close()
        port.close()
        assert port.closed
    publisher, subscriber, server, client = ports
    for use, name in (
        (lambda: publisher.send_copy(1), "publisher of channel 'speed'"),
        (lambda: publisher.loan_send(print), "publisher of channel 'speed'"),
        (lambda: publisher.loan().__enter__(), "publisher of channel 'speed'"),
        (subscriber.take, "subscriber of channel 'speed'"),
        (lambda: list(subscriber), "subscriber of channel 'speed'"),
        (server.take, "server of service 'add'"),
        (lambda: client.send_copy(1), "client of service 'add'"),
        (lambda: client.loan_send(print), "client of service 'add'"),
    ):
        with pytest.raises(PortClosed, match=f"{name} is closed"):
            use()
    assert channel.publisher().send_copy(1).sent


@pytest.mark.rule("CHAN-30")
def test_a_closed_node_refuses_by_name_and_closes_twice(node):
    channel, service = node.channel("c", U64), node.service("s", U64, U64)
    node.close()
    node.close()
    assert node.closed
    for use in (
        lambda: node.channel("c", U64),
        lambda: node.service("s", U64, U64),
        lambda: node.raw,
        channel.publisher,
        channel.subscriber,
        service.server,
        service.client,
    ):
        with pytest.raises(PortClosed, match="node 'under test' is closed"):
            use()
    assert "closed" in repr(channel) + repr(service)


@pytest.mark.rule("CHAN-34")
def test_domains_do_not_see_each_other(node, domain):
    subscriber = node.channel("c", U64).subscriber()
    with Node(domain=f"{domain}x") as other:
        publisher = other.channel("c", U64).publisher()
        assert publisher.send_copy(1).subscribers_reached == 0
    assert subscriber.take() is None
    assert leftovers(f"{domain}x") == []


@pytest.mark.rule("CHAN-34")
def test_the_environment_names_the_default_domain(monkeypatch, domain):
    monkeypatch.setenv("TAKTORA_DOMAIN", domain)
    with Node() as node, Node(domain=f"{domain}x") as explicit:
        assert (node.domain, explicit.domain) == (domain, f"{domain}x")
    monkeypatch.setenv("TAKTORA_DOMAIN", "not/valid")
    with pytest.raises(InvalidName, match="TAKTORA_DOMAIN"):
        Node()


@pytest.mark.rule("CHAN-34")
def test_without_a_domain_the_prefix_is_that_of_other_languages(monkeypatch):
    monkeypatch.delenv("TAKTORA_DOMAIN", raising=False)
    with Node() as node:
        assert node.domain is None
        assert '"iox2_"' in str(node.config.global_cfg.prefix)
        assert node.name == ""


@pytest.mark.rule("CHAN-22")
@pytest.mark.parametrize("domain", ["", "a_b", "a/b", "ä", "a b", "x" * 33, 5, b"x", "a\n"])
def test_a_bad_domain_is_refused(domain):
    with pytest.raises(InvalidName, match="domain"):
        Node(domain=domain)


@pytest.mark.rule("CHAN-22")
@pytest.mark.parametrize("name", ["ä", "x" * 129, 5, "a\0"])
def test_a_bad_node_name_is_refused(domain, name):
    with pytest.raises(InvalidName, match="node name"):
        Node(name, domain=domain)


@pytest.mark.rule("CHAN-22")
def test_the_longest_names_work(domain):
    longest = f"{domain}-{'x' * 32}"[:32]
    with Node("n" * 128, domain=longest) as node:
        subscriber = node.channel("c" * 239, U64).subscriber()
        assert not subscriber.wakeup.drain()
    assert leftovers(longest) == []


@pytest.mark.rule("CHAN-35")
def test_a_forked_child_is_refused_and_harms_nothing(script):
    output = script(
        """
import gc, os, sys
from taktora.errors import PortClosed
from taktora.ipc import Node
node = Node()
channel = node.channel("c", bytes)
publisher, subscriber = channel.publisher(), channel.subscriber()
for payload in (b"one", b"two"):
    publisher.send_copy(payload)
sample = subscriber.take()
view = sample.payload
files = sorted(name for name in os.listdir("/dev/shm") if name.startswith(node.domain))
sys.stdout.flush()
child = os.fork()
if not child:
    refused = 0
    for use in (
        lambda: node.channel("d", bytes), lambda: node.raw, channel.publisher,
        lambda: publisher.send_copy(b"x"), subscriber.take, lambda: sample.view,
    ):
        try:
            use()
        except PortClosed:
            refused += 1
    assert view == b"one"
    node.close()
    with Node() as own:
        own.channel("c", bytes).publisher().send_copy(b"three")
    del publisher, subscriber, sample, view, channel, node
    gc.collect()
    print("refused", refused)
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
assert files == sorted(name for name in os.listdir("/dev/shm") if name.startswith(node.domain))
assert view == b"one"
publisher.send_copy(b"four")
print([bytes(s.payload) for s in subscriber])
"""
    )
    assert output.splitlines()[0] == "refused 6"
    assert "b'two'" in output
    assert "b'four'" in output


@pytest.mark.rule("CHAN-31")
def test_a_node_dropped_without_closing_is_closed_at_the_end(script, domain):
    script(
        "from taktora.ipc import Node\n"
        "publisher = Node().channel('c', bytes).publisher()\n"
        "import gc; gc.collect()\n"
        "assert publisher.send_copy(b'x').sent\n"
    )
    assert leftovers(domain) == []
