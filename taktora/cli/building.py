"""An executor, and what the user's function builds on it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from taktora.cli.ending import REFUSED, CommandError
from taktora.cli.frames import as_text
from taktora.cli.target import Build, load_target
from taktora.errors import InvalidTarget, TaktoraError
from taktora.executor import Executor

__all__ = ["built", "loaded"]

logger = logging.getLogger("taktora")


def loaded(target: str) -> Build:
    """As :func:`load_target`, with what went wrong as text for the user.

    Raises:
        CommandError: no such target, or its module raised.
    """
    try:
        return load_target(target)
    except InvalidTarget as error:
        raise CommandError(str(error), REFUSED) from error
    except Exception as error:
        raise CommandError(f"importing {target} failed:\n\n{as_text(error)}", REFUSED) from error


@contextmanager
def built(build: Build, target: str, **options: Any) -> Iterator[Executor]:
    """An executor with ``options`` on which ``build`` was called; closed at the end of the block.

    Raises:
        CommandError: the options cannot be, or ``build`` raised; nothing is left of the executor.
    """
    try:
        executor = Executor(**options)
    except TaktoraError as error:
        raise CommandError(str(error), REFUSED) from error
    with executor:
        try:
            build(executor)
        except SystemExit as ended:
            raise CommandError(f"{target} ended the program: {ended.code}", REFUSED) from ended
        except Exception as error:
            raise CommandError(f"{target} failed:\n\n{as_text(error)}", REFUSED) from error
        if not executor.closed and not executor.stats().items:
            logger.warning("%s added no item: nothing runs until one is added", target)
        yield executor
