"""Which chooser for which run of a search: several kinds, since each finds what others miss.

Measured on a planted race: FIFO never found it, even chances in 13 % of runs, PCT in 26 %. Other bugs
have it the other way round.
"""

from __future__ import annotations

from taktora.errors import InvalidArgument
from taktora.testing.choosers import Chooser, Fifo, Pct, RandomChooser

__all__ = ["portfolio"]


def portfolio(run: int, *, seed: int = 0, steps: int = 100) -> Chooser:
    """The chooser for run number ``run`` of a search, counted from 0; a new one at each call.

    Run 0 is FIFO: a bug that needs no schedule should be reported without one. Then even chances and
    PCT take turns. PCT's depth is 2 every other time, 3 half as often, 4 half as often again, and so
    on: deep bugs are rare, and looking for them finds shallow ones less often.

    Args:
        run: 0 or more.
        seed: another seed, another search.
        steps: how many choices a run has, about; PCT spreads its moments of change over them.

    Raises:
        InvalidArgument: a negative run or seed, or fewer than one step.
    """
    if run < 0 or seed < 0 or steps < 1:
        raise InvalidArgument(
            f"run and seed must be 0 or more, and steps 1 or more, not {run}, {seed} and {steps}"
        )
    if run == 0:
        return Fifo()
    own = (seed << 32) + run
    if run % 2:
        return RandomChooser(own)
    return Pct(own, depth=2 + _times_even(run // 2), steps=steps)


def _times_even(number: int) -> int:
    """How often a positive number can be halved: 0 1 0 2 0 1 0 3 ..."""
    return (number & -number).bit_length() - 1
