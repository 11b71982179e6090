"""dora-rs: ``dora run`` of a dataflow with two Python nodes; no coordinator, no multicast, loopback only.

Node A measures on command: this process talks to it over a Unix socket between the batches only, so the
measured path is dora's alone. A payload is an Arrow array made beforehand; node B looks into the Arrow
buffer in place. Above 4 KB dora moves payloads through zenoh's shared memory.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import Any

from benchmarks.harness import Batch
from benchmarks.peers.wire import (
    ROOT,
    PeerFailed,
    answer_to,
    decode,
    encode,
    in_place,
    needs,
    pin,
    round_trips,
    staying_up,
)

__all__ = ["available", "open_pair"]

LIMIT_S = 60.0


def _dora() -> str | None:
    beside = Path(sys.executable).with_name("dora")
    return str(beside) if beside.exists() else shutil.which("dora")


def available() -> str | None:
    why = needs("dora", "dora-rs") or needs("pyarrow", "pyarrow")
    if why is None and _dora() is None:
        return "dora-rs-cli is not installed (pip install dora-rs-cli)"
    return why


def _dataflow(size: int, control: str) -> str:
    """The two nodes; JSON is YAML."""

    def node(name: str, role: str, source: str) -> dict[str, Any]:
        return {
            "id": name,
            "path": sys.executable,
            "args": f"-m benchmarks.peers.dora_flow {role} {size} {control}",
            "inputs": {"data": {"source": source, "queue_size": 1}},
            "outputs": ["data"],
        }

    return json.dumps({"nodes": [node("a", "--measure", "b/data"), node("b", "--echo", "a/data")]})


def _next_input(node: Any) -> memoryview | None:
    """The bytes of the next input; ``None`` when the dataflow stops."""
    while (event := node.next()) is not None:
        if event["type"] == "INPUT":
            value = event["value"]
            data = memoryview(value.buffers()[1]).cast("B")  # pyarrow says "b": 128 would read -128
            return data[value.offset : value.offset + len(value)]
        if event["type"] == "STOP":
            return None
    return None


def _echo() -> None:
    import dora

    pin(far=True)
    node = dora.Node()
    while (data := _next_input(node)) is not None:
        node.send_output("data", encode(answer_to(data)))


def _measure(size: int, control: str) -> None:
    import dora
    import pyarrow as pa

    pin(far=False)
    node = dora.Node()
    stamp = in_place(size)

    def prepare(number: int) -> Any:
        buffer = pa.py_buffer(
            stamp(number)
        )  # no copy; pa.array() would walk through 1 MB for 20 ms
        return pa.Array.from_buffers(pa.uint8(), size, [None, buffer])

    def exchange(payload: Any) -> int:
        node.send_output("data", payload)
        data = _next_input(node)
        if data is None:
            raise PeerFailed("dora stopped the dataflow")
        return decode(data)

    batch = round_trips(prepare, exchange)
    with Client(control, "AF_UNIX") as pipe:
        while n := pipe.recv():
            try:
                pipe.send(batch(n))
            except Exception as exc:
                pipe.send(exc)


def _start(directory: str, size: int, control: str) -> subprocess.Popen[str]:
    flow = Path(directory) / "flow.yml"
    flow.write_text(_dataflow(size, control))
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    log = (Path(directory) / "log").open("wb")
    with log:
        return subprocess.Popen(
            [str(_dora()), "run", str(flow)],
            cwd=directory,
            env={**os.environ, "PYTHONPATH": path, "DORA_ZENOH_MULTICAST": "off"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            text=True,
        )


@contextmanager
def open_pair(size: int) -> Iterator[Batch]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        control = f"{directory}/control"
        with Listener(control, "AF_UNIX") as listener:
            process = _start(directory, size, control)
            try:
                with staying_up(process), listener.accept() as pipe:

                    def batch(n: int) -> list[int]:
                        pipe.send(n)
                        if not pipe.poll(LIMIT_S):
                            raise PeerFailed(f"no result within {LIMIT_S:g} s")
                        result: list[int] | Exception = pipe.recv()
                        if isinstance(result, Exception):
                            raise result
                        return result

                    yield batch
                    pipe.send(0)
            finally:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(10)
                if process.poll() is None:
                    process.terminate()
                    process.wait(10)


if __name__ == "__main__":
    if sys.argv[1] == "--echo":
        _echo()
    else:
        _measure(int(sys.argv[2]), sys.argv[3])
