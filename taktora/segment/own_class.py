"""``module:Class`` in a segment file becomes the class that it names."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taktora.config import close_to, show
from taktora.errors import InvalidArgument
from taktora.segment.hook import OwnDevice

__all__ = ["own_class"]


def own_class(target: str, folder: Path) -> type[OwnDevice]:
    """The class that ``target`` names; its module is looked for in ``folder``, too.

    Raises:
        InvalidArgument: there is none, or it is no device.
        Exception: what the module raises when it is imported.
    """
    module_name, _, class_name = target.partition(":")
    if not all(part.isidentifier() for part in (*module_name.split("."), class_name)):
        raise InvalidArgument(f"is {show(target)}, and must be module:Class")
    with _importable_from(folder):
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name is not None and f"{module_name}.".startswith(f"{error.name}."):
                raise InvalidArgument(
                    f"is {show(target)}, and there is no module {error.name} (looked in {folder}, "
                    f"and among what is installed)"
                ) from error
            raise
    found: Any = getattr(module, class_name, None)
    if found is None:
        devices = [name for name, one in vars(module).items() if _is_device(one)]
        close = close_to(class_name, devices) or devices
        hint = f"; it has {', '.join(close)}" if close else ""
        raise InvalidArgument(f"is {show(target)}, and {module_name} has no {class_name}{hint}")
    if not _is_device(found):
        raise InvalidArgument(f"is {show(target)}, which is no subclass of OwnDevice")
    return found  # type: ignore[no-any-return]


def _is_device(one: object) -> bool:
    return isinstance(one, type) and issubclass(one, OwnDevice) and one is not OwnDevice


@contextmanager
def _importable_from(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
