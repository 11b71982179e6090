"""On what the numbers were taken: enough to judge them, nothing that names the machine or its owner."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

import attrs

__all__ = ["Machine", "describe"]

PACKAGES = (
    "taktora",
    "iceoryx2",
    "pykka",
    "numpy",
    "pyzmq",
    "eclipse-zenoh",
    "cyclonedds",
    "eclipse-ecal",
    "dora-rs",
    "pyarrow",
)


@attrs.frozen
class Machine:
    """The facts a reader needs beside a latency."""

    cpu: str
    cores: int
    """Cores this process may use."""
    kernel: str
    python: str
    packages: dict[str, str]
    load: float
    """Load average over the last minute: beside an idle machine it should be far below ``cores``."""

    def __str__(self) -> str:
        packages = ", ".join(f"{name} {version}" for name, version in self.packages.items())
        return (
            f"{self.cpu}, {self.cores} cores; {self.kernel}; {self.python}; "
            f"load at start {self.load:.2f}\n{packages}"
        )


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return " ".join(value.split())
    return platform.machine()


def _installed() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def describe() -> Machine:
    """Look at this machine now."""
    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)),
        kernel=f"{platform.system()} {platform.release()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        packages=_installed(),
        load=os.getloadavg()[0],
    )
