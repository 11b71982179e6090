"""Which privileges EtherCAT needs, whether this process has them, and how to give them.

Linux divides what root may do into capabilities, capabilities(7). EtherCAT needs one of them.
"""

from __future__ import annotations

import enum
import os
import sys
from pathlib import Path

__all__ = ["Capability", "has", "how_to_give", "refused_raw_socket"]


class Capability(enum.IntEnum):
    """Their numbers in ``<linux/capability.h>``."""

    CAP_NET_ADMIN = 12
    """Set up network interfaces: for the test rig's veth pair, not for a MainDevice."""
    CAP_NET_RAW = 13
    """Send and receive raw frames: all that a MainDevice, and the simulator, needs."""
    CAP_SYS_ADMIN = 21
    """Enter another network namespace: for the test rig, not for a MainDevice."""
    CAP_SYS_NICE = 23
    """A real-time priority without a limit that allows it (``rtprio`` in limits.conf)."""


def has(capability: Capability) -> bool:
    """Whether this thread has it in effect, by ``/proc/thread-self/status``."""
    for line in Path("/proc/thread-self/status").read_text("ascii", "replace").splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> capability & 1)
    return os.geteuid() == 0


def how_to_give(*capabilities: Capability, interpreter: str = "") -> str:
    """The ways to give them, as a sentence; ``interpreter``: whose, by default this process's.

    File capabilities are on the real file behind the links of a virtual environment, so that every
    program that runs on this Python has them.
    """
    wanted = ",".join(one.name.lower() for one in capabilities)
    program = os.path.realpath(interpreter or sys.executable)
    docker = " ".join(f"--cap-add={one.name.removeprefix('CAP_').lower()}" for one in capabilities)
    return (
        f"run as root, or: sudo setcap {wanted}+ep {program} (every program on this Python has it "
        f"then), or in a container: docker run {docker}"
    )


def refused_raw_socket(nic: str) -> str:
    """Why ``nic`` cannot be opened, when the kernel refused a raw socket."""
    return (
        f"raw frames on {nic} need the capability CAP_NET_RAW, which this process does not have: "
        f"{how_to_give(Capability.CAP_NET_RAW)}"
    )
