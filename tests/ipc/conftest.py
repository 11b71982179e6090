"""A node in a domain of its own for each test, and proof that it left nothing behind."""

from __future__ import annotations

import gc
import itertools
import os
import subprocess
import sys

import pytest

from taktora.ipc import Node

_numbers = itertools.count()


def leftovers(domain: str) -> list[str]:
    """Every file and directory, anywhere below, whose name starts with the domain's prefix."""
    return sorted(
        f"{folder}/{name}"
        for root in ("/dev/shm", "/tmp/iceoryx2")
        for folder, folders, files in os.walk(root)  # quiet about what others delete meanwhile
        for name in folders + files
        if name.startswith(f"{domain}_")
    )


@pytest.fixture
def domain():
    name = f"t{os.getpid()}-{next(_numbers)}"
    yield name
    gc.collect()
    assert leftovers(name) == []


@pytest.fixture
def node(domain):
    with Node("under test", domain=domain) as node:
        yield node


@pytest.fixture
def script(domain):
    """Run Python code in a process of its own, in the test's domain; its standard output."""

    def run(code: str, *, check: bool = True, timeout: float = 60) -> str:
        environment = os.environ | {"TAKTORA_DOMAIN": domain, "PYTHONFAULTHANDLER": "1"}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check:
            assert done.returncode == 0, f"exit {done.returncode}: {done.stderr}"
        return done.stdout

    return run
