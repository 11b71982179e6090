"""Who, beside an executor's items, has numbers to show: ports, by name."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from taktora.observe.port_stats import PortStats

__all__ = ["PortSources"]

logger = logging.getLogger("taktora")


class PortSources:
    """Named sources of port statistics. Any thread.

    Nobody who counts comes by here: sources are asked when somebody looks, and whoever looks waits
    for nobody. A source is held until it is forgotten.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # of those who register and forget
        self._sources: dict[str, Callable[[], PortStats]] = {}
        self._silent: set[str] = set()

    def register(self, label: str, source: Callable[[], PortStats]) -> str:
        """From now on, ``source()`` says what the port ``label`` has counted, on any thread.

        Returns the name that it goes by: ``label``, or ``label #2`` and so on if that is taken.
        """
        with self._lock:
            name, number = label, 1
            while name in self._sources:
                number += 1
                name = f"{label} #{number}"
            self._sources[name] = source
        return name

    def forget(self, name: str) -> None:
        """Ask it no more; nothing if nobody goes by that name."""
        with self._lock:
            self._sources.pop(name, None)
            self._silent.discard(name)

    def read(self) -> dict[str, PortStats]:
        """What all of them have counted, in the order in which they were registered.

        One that raises is left out, and reported to the log once.
        """
        found: dict[str, PortStats] = {}
        for name, source in list(self._sources.items()):
            try:
                found[name] = source()
            except Exception:
                if name not in self._silent:
                    self._silent.add(name)
                    logger.exception("the numbers of port %r cannot be read", name)
        return found

    def __len__(self) -> int:
        return len(self._sources)

    def __repr__(self) -> str:
        return f"<PortSources {', '.join(list(self._sources)) or 'none'}>"
