"""One entry point: who brings it, whether it can be used, and the object itself."""

from __future__ import annotations

import importlib.util
from importlib.metadata import EntryPoint
from typing import Any

from attrs import field, frozen

from taktora.errors import MissingExtra, UnknownPlugin

__all__ = ["Plugin"]


@frozen
class Plugin:
    """Something that an installed distribution brings. Reading it imports nothing, but for
    :attr:`missing` and :meth:`load`. Any thread may use it.
    """

    name: str
    """What configurations call it."""
    group: str
    """``taktora.codecs``, ``taktora.connectors``, or another one."""
    distribution: str
    """Who brings it; ``unknown`` if that is not told."""
    version: str
    """Of the distribution; ``unknown`` if that is not told."""
    rivals: tuple[str, ...] = ()
    """Other distributions that bring something of the same name."""
    _entry_point: EntryPoint = field(kw_only=True, repr=False, eq=False)

    @property
    def missing(self) -> str | None:
        """Why it cannot be used, such as a package that is not installed; ``None``: it can.

        It is imported to find out. A plug-in says what it needs beyond that by an attribute
        ``requires``: module names, each with what to give to ``pip install``.
        """
        try:
            loaded = self.load()
        except (MissingExtra, UnknownPlugin) as error:
            return str(error)
        requires: dict[str, str] = getattr(loaded, "requires", {})
        absent = [module for module in requires if not _is_there(module)]
        if not absent:
            return None
        wanted = " ".join(f"'{name}'" for name in dict.fromkeys(map(requires.get, absent)))
        return f"needs {', '.join(absent)}: pip install {wanted}"

    def load(self) -> Any:
        """The object itself: a class, or a function that makes what the group is for.

        Raises:
            MissingExtra: it imports a package that is not installed.
            UnknownPlugin: its import fails otherwise, or several distributions bring the name.
        """
        if self.rivals:
            every = ", ".join((self.distribution, *self.rivals))
            raise UnknownPlugin(f"{self._what} is brought by {every}: uninstall all but one")
        try:
            return self._entry_point.load()
        except ImportError as error:
            raise MissingExtra(f"{self._what} of {self.distribution}: {error}") from error
        except Exception as error:
            raise UnknownPlugin(
                f"{self._what} of {self.distribution} cannot be loaded from "
                f"{self._entry_point.value!r}: {type(error).__name__}: {error}"
            ) from error

    @property
    def _what(self) -> str:
        return f"{kind_of(self.group)} {self.name!r}"


def kind_of(group: str) -> str:
    """What one of a group is called: ``codec``, ``connector``."""
    return group.rpartition(".")[2].removesuffix("s")


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # a parent is not there; or it was put aside by a test
        return False
