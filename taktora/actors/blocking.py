"""Which threads run actors right now, so that a wait that could deadlock is refused.

A worker that waits for a future cannot run the actor that would resolve it; N such waits stop a
pool of N. The driver thread that waits stops everything. Only :meth:`Promise.get` looks in here,
and only when it would really wait.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from taktora.errors import BlockingInActor

__all__ = ["actor_thread", "is_actor_thread", "refuse_to_block"]

_threads: dict[int, tuple[str, bool]] = {}
"""Thread id -> name of the executor, and whether it allows waiting. Each thread adds and removes
only itself."""


@contextmanager
def actor_thread(executor: str, *, may_block: bool = False) -> Iterator[None]:
    """Mark the calling thread as one that runs actors of ``executor``."""
    ident = threading.get_ident()
    before = _threads.get(ident)
    _threads[ident] = (executor, may_block)
    try:
        yield
    finally:
        if before is None:
            del _threads[ident]
        else:
            _threads[ident] = before


def is_actor_thread() -> bool:
    """Whether the calling thread runs actors."""
    return threading.get_ident() in _threads


def refuse_to_block() -> None:
    """Raise if waiting on this thread could wait for ever.

    Raises:
        BlockingInActor: the calling thread runs actors.
    """
    executor, may_block = _threads.get(threading.get_ident(), ("", True))
    if not may_block:
        raise BlockingInActor(
            f"this thread runs actors of executor {executor!r}: waiting here for an answer would "
            "keep a thread that may have to produce it. Use future.add_done_callback(...), or "
            "ref.ask(message, block=False) and handle the answer when it comes, or allow it with "
            "Executor(allow_blocking=True)"
        )
