"""Which frames of a traceback are shown."""

from __future__ import annotations

import json

import pytest

import taktora
from taktora.cli.frames import as_text
from taktora.time import to_nanos


def caught(function: object) -> BaseException:
    try:
        function()  # type: ignore[operator]
    except BaseException as error:
        return error
    raise AssertionError


@pytest.mark.rule("CLI-12")
def test_our_frames_are_left_out_and_the_users_stay() -> None:
    text = as_text(caught(lambda: to_nanos("soon")))  # type: ignore[arg-type]
    assert __file__ in text
    assert taktora.__file__.rpartition("/")[0] + "/" not in text
    assert text.endswith(")\n")
    assert "taktora.errors.WrongType: duration must be" in text


@pytest.mark.rule("CLI-12")
def test_frames_of_other_libraries_stay() -> None:
    assert "json/decoder.py" in as_text(caught(lambda: json.loads("{")))


@pytest.mark.rule("CLI-12")
def test_causes_contexts_and_groups_are_cut_too() -> None:
    def chained() -> None:
        try:
            to_nanos(-1)
        except ValueError as error:
            try:
                to_nanos(-2)
            except ValueError as other:
                raise ExceptionGroup("both", [error, other, OSError()]) from error

    text = as_text(caught(chained))
    assert "The above exception was the direct cause" in text
    assert "must be more than zero, not -1" in text
    assert "must be more than zero, not -2" in text
    assert "taktora/time.py" not in text


@pytest.mark.rule("CLI-12")
def test_an_error_without_the_users_frames_keeps_all_of_them() -> None:
    error = caught(lambda: to_nanos(-1))
    assert error.__traceback__
    assert error.__traceback__.tb_next
    error.__traceback__ = error.__traceback__.tb_next.tb_next  # without the two in this file
    assert "taktora/time.py" in as_text(error)


@pytest.mark.rule("CLI-12")
def test_a_syntax_error_says_where_it_is_and_nothing_else() -> None:
    text = as_text(caught(lambda: compile("x =", "mine.py", "exec")))
    assert 'File "mine.py", line 1' in text
