"""Configuration files: TOML or JSON becomes frozen classes, and all mistakes are told at once.

Nothing here knows what is configured: a schema is an attrs class (or a dataclass), whose fields say
what may be in the file, and whose validators say more.
"""

from __future__ import annotations

from taktora.config.loading import examine, given, load
from taktora.config.problems import Path, Problem, close_to, show
from taktora.config.ranges import at_least, not_empty, positive, within
from taktora.config.treeing import as_tree
from taktora.errors import InvalidConfig

__all__ = [
    "InvalidConfig",
    "Path",
    "Problem",
    "as_tree",
    "at_least",
    "close_to",
    "examine",
    "given",
    "load",
    "not_empty",
    "positive",
    "show",
    "within",
]
