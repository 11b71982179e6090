"""A node in a domain of its own for each test, and proof that it left nothing behind."""

from __future__ import annotations

import ast
import gc
import itertools
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

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
        done = in_a_process(code, domain, timeout)
        if check:
            assert done.returncode == 0, f"exit {done.returncode}: {done.stderr}"
        return done.stdout

    return run


def in_a_process(code: str, domain: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"TAKTORA_DOMAIN": domain, "PYTHONFAULTHANDLER": "1"},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def one_after_the_other(attempt: str, statements: Sequence[str]) -> dict[str, str]:
    """What ``attempt``, the code of a function ``attempt(statement)``, returns for each statement.

    They share a process, which takes a third of a second to start; whatever ends it is the first one
    that is missing, with the reason instead of an answer, and takes the rest along.
    """
    domain = f"t{os.getpid()}-{next(_numbers)}"
    loop = f"for s in {list(statements)!r}: print(repr((s, attempt(s))), flush=True)"
    done = in_a_process(f"{attempt}\n{loop}", domain)
    answers: dict[str, str] = dict(map(ast.literal_eval, done.stdout.splitlines()))
    assert leftovers(domain) == [] or done.returncode
    for path in map(Path, leftovers(domain)):
        path.unlink(missing_ok=True)
    reason = f"exit {done.returncode}: {done.stderr}"
    return {one: answers.get(one, reason) for one in statements}
