"""Is this a machine, and a Python, that taktora runs on?"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError

from taktora.cli.finding import Finding, note, ok, problem

__all__ = ["check_iceoryx2", "check_platform", "check_python", "judge_glibc", "judge_python"]

_OLDEST_PYTHON = (3, 11)
_OLDEST_GLIBC = (2, 34)


def check_python() -> Iterator[Finding]:
    """The interpreter's version, and whether it has a global lock."""
    has_gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    yield judge_python(sys.version_info[:3], sys.implementation.name, has_gil=has_gil)


def judge_python(number: tuple[int, int, int], implementation: str, *, has_gil: bool) -> Finding:
    """What to think of that interpreter."""
    text = f"{implementation} {'.'.join(map(str, number))}, {'with' if has_gil else 'without'} GIL"
    if number[:2] < _OLDEST_PYTHON or implementation != "cpython":
        return problem("Python", text, "use CPython 3.11 or newer")
    if not has_gil:
        return note(
            "Python",
            text,
            "the iceoryx2 binding is not tested without the GIL: use a standard build, or expect "
            "surprises",
        )
    return ok("Python", text)


def check_platform() -> Iterator[Finding]:
    """Linux on glibc."""
    machine = f"{platform.system()} {platform.release()}, {platform.machine()}"
    if sys.platform != "linux":
        yield problem("platform", machine, "run on Linux: taktora needs epoll and timerfd")
        return
    yield ok("platform", machine)
    try:
        libc = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (OSError, ValueError):  # another libc does not know the name
        libc = ""
    yield judge_glibc(libc)


def judge_glibc(libc: str) -> Finding:
    """``libc`` as confstr(3) gives it: ``glibc 2.36``, or empty."""
    name, _, number = libc.partition(" ")
    parts = tuple(int(part) for part in number.split(".")[:2] if part.isdigit())
    if name != "glibc" or parts < _OLDEST_GLIBC:
        return problem(
            "C library",
            libc or "not glibc",
            "use a distribution with glibc 2.34 or newer (Debian 12, Ubuntu 22.04, RHEL 9): the "
            "iceoryx2 wheels need it; Alpine's musl will not do",
        )
    return ok("C library", libc)


def check_iceoryx2() -> Iterator[Finding]:
    """The binding that moves the data."""
    advice = "pip install 'iceoryx2>=0.10,<0.11'"
    try:
        from taktora.ipc import health

        found = health.binding_version()
    except (ImportError, PackageNotFoundError) as error:
        yield problem("iceoryx2", f"cannot be imported: {error}", advice)
        return
    if not found.startswith("0.10."):
        yield problem("iceoryx2", f"{found}, which taktora does not know", advice)
        return
    yield ok("iceoryx2", found)
