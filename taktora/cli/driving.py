"""Running an executor for a command: its end, its log, its numbers."""

from __future__ import annotations

import logging
from contextlib import nullcontext

from taktora.cli.ending import FAILED, CommandError, Ending
from taktora.cli.frames import as_text
from taktora.cli.watching import Show, watching
from taktora.errors import ItemFailed, TaktoraError
from taktora.executor import Executor
from taktora.log import set_log_level

__all__ = ["drive", "log_to_stderr"]


def log_to_stderr(level: str | None) -> None:
    """Log to standard error, unless the user's module has set up something else."""
    if level is not None:
        set_log_level(level)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if level is not None:
        logging.getLogger().setLevel(logging.getLogger("taktora").level)


def drive(executor: Executor, limit: float | None, show: Show | None, ending: Ending) -> None:
    """Run for ``limit`` seconds, or until it is ended; ``show`` its numbers meanwhile.

    Raises:
        CommandError: an item failed, or the executor cannot run.
    """
    ending.stop = executor.stop
    try:
        with watching(executor, show) if show else nullcontext():
            if limit is None:
                executor.run()
            else:
                executor.run_for(limit)
    except ItemFailed as failed:
        cause = failed.__cause__
        trace = f"\n\n{as_text(cause)}" if cause else ""
        raise CommandError(f"{failed}{trace}", FAILED) from failed
    except TaktoraError as error:
        raise CommandError(str(error), FAILED) from error
    finally:
        ending.over()
