"""A traceback without the frames that are not the user's: taktora's own, and the import system's."""

from __future__ import annotations

import importlib
import traceback
from pathlib import Path
from types import TracebackType

import taktora

__all__ = ["as_text", "users_frames"]

_OURS = str(Path(taktora.__file__).parent) + "/"


def as_text(error: BaseException) -> str:
    """As Python prints ``error``, causes included, with the user's frames only.

    Errors that have none keep all of theirs: nothing should be hidden of what is not the user's.
    """
    shown = traceback.TracebackException.from_exception(error)
    todo: list[tuple[traceback.TracebackException | None, BaseException | None]] = [(shown, error)]
    while todo:
        part, of = todo.pop()
        if part is None or of is None:
            continue
        frames = users_frames(of.__traceback__)
        if frames or isinstance(of, SyntaxError):  # which says by itself where it is
            part.stack = frames
        todo += [(part.__cause__, of.__cause__), (part.__context__, of.__context__)]
        if isinstance(of, BaseExceptionGroup):
            todo += zip(part.exceptions or (), of.exceptions, strict=False)
    return "".join(shown.format())


def users_frames(trace: TracebackType | None) -> traceback.StackSummary:
    """The frames of ``trace`` that are neither taktora's nor the import system's."""
    return traceback.StackSummary.from_list(
        [frame for frame in traceback.extract_tb(trace) if _is_users(frame.filename)]
    )


def _is_users(filename: str) -> bool:
    return not filename.startswith(("<frozen ", _OURS)) and filename != importlib.__file__
