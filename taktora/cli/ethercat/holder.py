"""Who drives an interface that is in use, and how to look at its bus all the same."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

__all__ = ["in_use", "program_of"]

_LONGEST = 70

_THROUGH_GATEWAY = """\
through a gateway that runs (NAME is its connector):
  taktora ethercat watch NAME                              health, states, values
  taktora ethercat sdo read POSITION INDEX --gateway NAME  objects
or end that process first"""
_SIMULATOR = "that is the SubDevices' end of the cable; a MainDevice goes to the other one"


def in_use(nic: str, pid: int) -> str:
    """That a process has the interface, which one, and what to do. ``pid`` 0: it cannot be told."""
    if pid == os.getpid():
        return f"{nic} is driven by this very process already (pid {pid})"
    program = program_of(_command_line(pid)) if pid else ""
    who = f"process {pid}" if pid else "another process"
    called = f" ({program})" if program else ""
    advice = _SIMULATOR if "ethercat simulate" in program else _THROUGH_GATEWAY
    return f"{nic} is driven by {who}{called}, and a bus has one MainDevice\n{advice}"


def program_of(words: list[str]) -> str:
    """A command line for people: ``taktora gateway lab.toml``, without whatever runs Python. Pure."""
    for at, word in enumerate(words):
        if PurePath(word).name == "taktora":
            words = ["taktora", *words[at + 1 :]]
            break
    text = " ".join(words)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _command_line(pid: int) -> list[str]:
    """As far as it can be read: another user's process may hide it, and a process may be gone."""
    try:
        data = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return data.decode("utf-8", "replace").rstrip("\0").split("\0")
