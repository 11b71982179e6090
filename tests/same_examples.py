"""The same Hypothesis examples, whichever modules happen to be imported.

Hypothesis mixes the literals of every local module that is imported into what it generates. No setting
turns that off. With it, a derandomized test or a seed gives other examples as soon as some other test
module was collected, or a number changed anywhere in taktora.
"""

from __future__ import annotations

from typing import Final

COLLECTS: Final = "_get_local_constants"
"""Private to ``hypothesis.internal.conjecture.providers``: gives it the literals of local modules."""


def without_local_constants() -> bool:
    """Let Hypothesis use none of them in this process; whether it has the function that does.

    A Hypothesis that has not is left as it is: either it collects none, or in another way, which
    ``tests/test_same_examples.py`` notices.
    """
    try:
        from hypothesis.internal.conjecture import providers
        from hypothesis.internal.constants_ast import Constants
    except ImportError:
        return False
    if not hasattr(providers, COLLECTS):
        return False
    nothing = Constants()
    setattr(providers, COLLECTS, lambda: nothing)
    return True
