"""One switch sets taktora's logger and iceoryx2's output."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

import taktora
from taktora.errors import InvalidArgument, WrongType


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    logger = logging.getLogger("taktora")
    before = logger.level
    yield
    taktora.set_log_level("error")
    logger.setLevel(before)


@pytest.mark.parametrize(
    ("level", "number"),
    [("trace", 10), ("debug", 10), ("INFO", 20), (logging.WARNING, 30), ("fatal", 50)],
)
def test_a_level_is_set_by_name_or_number(level: str | int, number: int) -> None:
    taktora.set_log_level(level)
    assert logging.getLogger("taktora").level == number


@pytest.mark.parametrize(
    ("level", "error"), [("loud", InvalidArgument), (7, InvalidArgument), (None, WrongType)]
)
def test_a_level_that_does_not_exist_changes_nothing(level: object, error: type[Exception]) -> None:
    taktora.set_log_level("info")
    with pytest.raises(error):
        taktora.set_log_level(level)  # type: ignore[arg-type]
    assert logging.getLogger("taktora").level == logging.INFO


def test_taktora_says_nothing_unless_asked() -> None:
    assert any(isinstance(h, logging.NullHandler) for h in logging.getLogger("taktora").handlers)
