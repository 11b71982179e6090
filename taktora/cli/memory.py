"""Is shared memory there, with room in it, and what have dead processes left in it?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from taktora.cli.finding import Finding, note, ok, problem

__all__ = ["check_folder", "check_leftovers", "check_shared_memory", "judge_dead", "judge_room"]

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - that is where POSIX shared memory is
_TOO_SMALL, _SMALL = 4, 256  # MB
_MORE = "make more: docker run --shm-size=1g, or mount -o remount,size=1g /dev/shm"


def check_shared_memory(folder: Path = SHARED_MEMORY) -> Iterator[Finding]:
    """``folder`` is mounted, writable, and has room."""
    if not folder.is_dir():
        yield problem("shared memory", f"{folder} is missing", f"mount -t tmpfs tmpfs {folder}")
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        yield problem(
            "shared memory",
            f"{folder} is not writable for user {os.getuid()}",
            f"chmod 1777 {folder} (as root), or run as a user who may write there",
        )
        return
    room = os.statvfs(folder)
    yield judge_room(
        room.f_bavail * room.f_frsize >> 20,
        room.f_blocks * room.f_frsize >> 20,
        mounted=os.path.ismount(folder),
        folder=folder,
    )


def judge_room(free: int, size: int, *, mounted: bool, folder: Path = SHARED_MEMORY) -> Finding:
    """``free`` and ``size`` in MB."""
    text = f"{folder} writable, {free:,} of {size:,} MB free"
    if free < _TOO_SMALL:
        return problem(
            "shared memory", text, f"free some (df {folder}; ls -laS {folder}), or {_MORE}"
        )
    if not mounted:
        return note(
            "shared memory",
            f"{text}, but on disk: it is not mounted",
            f"mount -t tmpfs tmpfs {folder}, else every payload goes to the disk",
        )
    if free < _SMALL:
        return note("shared memory", text, f"enough for small payloads; for large ones {_MORE}")
    return ok("shared memory", text)


def check_folder(folder: Path | None = None) -> Iterator[Finding]:
    """iceoryx2's own folder is ours to use; the first user who runs it creates, and owns, it."""
    from taktora.ipc import health

    folder = folder or health.folder()
    if folder.exists() and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield problem(
            "folder",
            f"{folder} belongs to {folder.owner()} and is closed to user {os.getuid()}",
            f"run every iceoryx2 program as the same user; or, when none runs, remove {folder} "
            "(as its owner) and start again as the user you want",
        )
        return
    yield ok("folder", f"{folder} {'usable' if folder.exists() else 'will be created'}")


def check_leftovers() -> Iterator[Finding]:
    """Nodes whose process died without closing them."""
    from taktora.ipc import health

    yield judge_dead([node.domain for node in health.dead_nodes()])


def judge_dead(domains: list[str | None]) -> Finding:
    """``domains``: where each dead node is; ``None`` is the default domain."""
    if not domains:
        return ok("leftovers", "no dead nodes")
    distinct = sorted({domain or "" for domain in domains})
    shown = ", ".join(repr(domain) if domain else "the default one" for domain in distinct[:3])
    more = f" and {len(distinct) - 3} more" if len(distinct) > 3 else ""
    which = f"domain={distinct[0]!r}" if distinct[0] else ""
    return note(
        "leftovers",
        f"{len(domains)} dead nodes, in domain {shown}{more}",
        "the next program in the domain removes them; to do it now: "
        f'python -c "import taktora; taktora.Node({which}).close()"',
    )
