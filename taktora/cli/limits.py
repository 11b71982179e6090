"""What the system lets one process have."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

from taktora.cli.finding import Finding, note, ok

__all__ = ["check_limits", "judge_descriptors", "judge_locked", "judge_watches", "read_text"]

_FEW_DESCRIPTORS = 1024
_FEW_WATCHES = 10_000
_INFINITE = resource.RLIM_INFINITY


def check_limits() -> Iterator[Finding]:
    """Descriptors, locked memory and epoll watches."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield judge_descriptors(soft, hard, used=len(os.listdir("/proc/self/fd")))  # noqa: PTH208
    yield judge_locked(resource.getrlimit(resource.RLIMIT_MEMLOCK)[0])
    yield judge_watches(read_text("/proc/sys/fs/epoll/max_user_watches"))


def judge_descriptors(soft: int, hard: int, *, used: int) -> Finding:
    """Every subscriber, server and client listens on a descriptor of its own."""
    if soft == _INFINITE:
        return ok("open files", "unlimited")
    text = f"{soft:,}: room for some {max(0, soft - used):,} listening ports"
    if soft <= _FEW_DESCRIPTORS:
        more = f"ulimit -n {'unlimited' if hard == _INFINITE else hard}"
        if hard == soft:
            more = "raise nofile in /etc/security/limits.conf, or docker run --ulimit nofile=65536"
        return note("open files", text, f"if you need more ports than that: {more}")
    return ok("open files", text)


def judge_locked(soft: int) -> Finding:
    """What mlockall(2) could pin; taktora itself locks nothing."""
    if soft == _INFINITE:
        return ok("locked memory", "unlimited")
    if soft == 0:
        return note(
            "locked memory",
            "none allowed",
            "only matters to programs that call mlockall for real time: raise memlock in "
            "/etc/security/limits.conf, or docker run --ulimit memlock=-1",
        )
    return ok("locked memory", f"{soft >> 10:,} KB (taktora locks none)")


def judge_watches(content: str | None) -> Finding:
    """How much a user's WaitSets may watch, all together."""
    if content is None or not content.isdigit():
        return ok("epoll watches", "limit not readable")
    watches = int(content)
    if watches < _FEW_WATCHES:
        return note(
            "epoll watches",
            f"{watches:,} per user",
            "sysctl fs.epoll.max_user_watches=1000000, if you need more triggers than that",
        )
    return ok("epoll watches", f"{watches:,} per user")


def read_text(path: str) -> str | None:
    """A small file of /proc or /sys, stripped; ``None`` when it cannot be read."""
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None
