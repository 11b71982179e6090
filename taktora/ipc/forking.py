"""A forked child owns nothing: what it inherits is let go without touching the parent's memory.

After a fork the child holds copies of every raw iceoryx2 object. Dropping one there would return
the parent's samples and remove the parent's files. So in the child each of them is made immortal
first, and then every port is closed.
"""

from __future__ import annotations

import ctypes
import gc
from typing import Any, Final

import iceoryx2 as iox

__all__ = ["make_raw_objects_immortal"]

_RAW: Final = frozenset(
    kind
    for kind in vars(iox).values()
    if isinstance(kind, type) and not issubclass(kind, BaseException)
)
_keep_forever: Final[Any] = ctypes.PYFUNCTYPE(None, ctypes.py_object)(
    ("Py_IncRef", ctypes.pythonapi)
)


def make_raw_objects_immortal() -> None:
    """Take one reference more to each iceoryx2 object of the process, never given back.

    Looks through every container that Python's collector knows: tens of milliseconds, in a forked
    child only.
    """
    for container in gc.get_objects():
        for thing in gc.get_referents(container):
            if type(thing) in _RAW:
                _keep_forever(thing)
