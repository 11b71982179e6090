"""The tools in this process, on a simulated segment; and in processes of their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attrs import frozen

from taktora.cli import main
from taktora.testing.ethercat import SimulatedSegment, simulated_segment

NIC = "ecat0"
"""What the rig calls the MainDevice's interface."""


@frozen
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def tool(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs ``taktora ethercat ...`` here."""

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        try:
            code = main(["ethercat", *arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture
def make_segment() -> Iterator[Callable[..., SimulatedSegment]]:
    """One segment, which this thread is on until the end of the test."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda *described: stack.enter_context(simulated_segment(*described))


LINE = [
    {"type": "coupler"},
    {"type": "loopback", "name": "loop", "alias": 7, "serial": 1234},
    {"type": "digital-out", "channels": 4},
    {"type": "axis", "revision": 0x00020003},
]
"""One of each kind: without process data, with a mailbox, without one, with a profile."""


@pytest.fixture(scope="module")
def line() -> Iterator[SimulatedSegment]:
    """:data:`LINE` for all tests of a module, which leave objects as they were."""
    with simulated_segment(LINE) as segment:
        yield segment
