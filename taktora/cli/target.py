"""``module:function`` on the command line becomes the function that it names.

A typo is an :class:`InvalidTarget` that says what is wrong. What the user's module raises by itself
comes out as it is: theirs to debug.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from taktora.cli.frames import users_frames
from taktora.errors import InvalidTarget
from taktora.executor import Executor

__all__ = ["Build", "load_target"]

Build = Callable[[Executor], object]
"""Adds items to the executor that it is given."""


def load_target(target: str) -> Build:
    """The function that ``target`` names: ``"module:function"`` or ``"path/to/file.py:function"``.

    The current directory can be imported from, and a file's own directory as with ``python file.py``.

    Raises:
        InvalidTarget: no such module or function, or it cannot be called with an executor.
    """
    module_name, colon, function_name = target.rpartition(":")
    if not colon or not module_name or not function_name:
        raise InvalidTarget(_malformed(target))
    _can_import_from(Path.cwd())
    is_file = module_name.endswith(".py") or "/" in module_name
    try:
        module = _from_file(Path(module_name)) if is_file else _by_name(module_name)
    except SystemExit as ended:
        raise InvalidTarget(
            f"{module_name} ended the program while it was imported (SystemExit: {ended.code}); "
            'put what runs it below: if __name__ == "__main__":'
        ) from ended
    return _checked(_function(module, module_name, function_name), f"{module_name}:{function_name}")


def _malformed(target: str) -> str:
    text = f"{target!r} is not module:function"
    if target.endswith(".py"):
        return f"{text}; did you mean {target}:build?"
    module_name, dot, function_name = target.rpartition(".")
    if dot and ":" not in target and module_name and function_name:
        return f"{text}; did you mean {module_name}:{function_name}?"
    return f"{text}, as in examples.line:build or examples/line.py:build"


def _can_import_from(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _by_name(name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise InvalidTarget(f"{name!r} cannot be the name of a module")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise InvalidTarget(
                f"no module {name!r}: {error.msg} (looked in {Path.cwd()} and among the installed "
                f"ones){_did_you_mean(error.name, _siblings(error.name))}"
            ) from error
        raise _failed_import(name, error) from error


def _siblings(name: str) -> list[str]:
    """The modules beside ``name``, which does not exist, by their full names."""
    package, dot, _ = name.rpartition(".")
    path = getattr(sys.modules.get(package), "__path__", None) if dot else [str(Path.cwd())]
    return [f"{package}{dot}{module.name}" for module in pkgutil.iter_modules(path or ())]


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        what = "is a directory, not a file" if path.is_dir() else "does not exist"
        beside = [str(path.with_name(other.name)) for other in path.parent.glob("*.py")]
        raise InvalidTarget(f"{path} {what}{_did_you_mean(str(path), beside)}")
    _can_import_from(path.parent.resolve())
    name = path.stem if path.stem not in sys.modules else f"_target_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise InvalidTarget(f"{path} is no Python file: its name does not end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # as an import does: dataclasses and pickle look there
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, ModuleNotFoundError):
            raise _failed_import(str(path), error) from error
        raise
    return module


def _failed_import(name: str, error: ModuleNotFoundError) -> Exception:
    """An import statement inside the module failed: say which one, and where it stands."""
    frames = users_frames(error.__traceback__)
    if error.name is None or not frames:  # raised by hand: the user's own words
        return error
    at = frames[-1]
    return InvalidTarget(
        f"{name} was found, but an import in it failed: {error.msg} "
        f"({at.filename}, line {at.lineno})"
    )


def _function(module: ModuleType, module_name: str, name: str) -> Any:
    try:
        return getattr(module, name)
    except AttributeError:
        callables = [key for key, value in vars(module).items() if callable(value)]
        raise InvalidTarget(
            f"{module_name} has no function {name!r}{_did_you_mean(name, callables)}"
        ) from None


def _did_you_mean(wrong: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(wrong, names, n=3)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def _checked(function: Any, target: str) -> Build:
    if not callable(function):
        raise InvalidTarget(f"{target} cannot be called: it is of type {type(function).__name__}")
    call = getattr(type(function), "__call__", None)  # noqa: B004  # of an object that is called
    for kind in (inspect.iscoroutinefunction, inspect.isasyncgenfunction):
        if kind(function) or kind(call):
            raise InvalidTarget(f"{target} is async; it must be a plain function of the executor")
    if inspect.isgeneratorfunction(function):
        raise InvalidTarget(f"{target} yields; it must be a plain function of the executor")
    try:
        signature = inspect.signature(function)
    except ValueError:  # some builtins have none
        return function  # type: ignore[no-any-return]
    try:
        signature.bind(None)
    except TypeError as error:
        raise InvalidTarget(
            f"{target}{signature} must be callable with one argument, the executor: {error}"
        ) from None
    return function  # type: ignore[no-any-return]
