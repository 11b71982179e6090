"""Faults of a simulated segment: their schema in a segment file, one class for each kind.

Some last from a time to another (frames are lost, a cable is out), others happen at an instant (an
emergency). Times count from the start of the simulator. When they are is in
:mod:`taktora.segment.fault_schedule`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from attrs import field, frozen

from taktora.config import at_least, positive, within
from taktora.config.durations import duration_text
from taktora.errors import InvalidArgument, WrongType
from taktora.time import Nanos, to_nanos

__all__ = [
    "FAULTS", "AlError", "CableOut", "Delay", "Emergency", "Fault", "FrameLoss", "PowerCycle",
    "StuckMailbox", "WrongWorkingCounter",
]  # fmt: skip


def _not_negative(_: Any, __: Any, value: timedelta) -> None:
    if value < timedelta(0):
        raise InvalidArgument(f"is {value}, and must not be negative")


def _positive_or_none(its: Any, attribute: Any, value: timedelta | None) -> None:
    if value is not None:
        positive(its, attribute, value)


def _longer_than_it_lasts(its: Any, attribute: Any, value: timedelta | None) -> None:
    _positive_or_none(its, attribute, value)
    lasts = getattr(its, "lasts", timedelta(0))
    if value is None:
        return
    if lasts is None:
        raise InvalidArgument("comes again, and must not last for ever: give lasts as well")
    if value <= lasts:
        raise InvalidArgument(
            f"is {duration_text(value)}, and must be longer than it lasts ({duration_text(lasts)})"
        )


def _only_if_repeated(its: Any, _: Any, value: int | None) -> None:
    at_least(1)(its, _, value)
    if value is not None and its.every is None:
        raise InvalidArgument("says how often, and every is not given: say after what time, too")


def _subdevice(_: Any, __: Any, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise WrongType(f"is {value!r}, and must be a position or a name")
    if isinstance(value, int) and value < 1:
        raise InvalidArgument(f"is {value}, and positions count from 1")


def _no_register(_: Any, __: Any, value: bytes) -> None:
    if len(value) > 5:
        raise InvalidArgument(f"has {len(value)} bytes, and an emergency has room for 5")


@frozen(kw_only=True)
class Fault:
    """What all have."""

    kind: str
    at: timedelta = field(default=timedelta(0), validator=_not_negative)
    """When it happens, or begins, first; after the start."""
    every: timedelta | None = field(default=None, validator=_longer_than_it_lasts)
    """It comes again so long after it began; ``None``: it does not."""
    times: int | None = field(default=None, validator=_only_if_repeated)
    """So often in all; ``None``: for ever."""

    @property
    def duration(self) -> Nanos | None:
        """How long it lasts, in ns; 0: it happens at an instant; ``None``: for ever."""
        lasts = getattr(self, "lasts", timedelta(0))
        return None if lasts is None else to_nanos(lasts, zero=True)


@frozen(kw_only=True)
class _Lasting(Fault):
    lasts: timedelta | None = field(default=None, validator=_positive_or_none)
    """``None``: to the end."""
    every: timedelta | None = field(default=None, validator=_longer_than_it_lasts)


@frozen(kw_only=True)
class FrameLoss(_Lasting):
    """Frames do not come back, at random."""

    rate: float = field(validator=within(0, 1))
    """Which part of them: 0.01 is 1 %."""
    seed: int = 1
    """The same seed loses the same frames."""

    def takes(self, frame: int) -> bool:
        """Whether frame number ``frame`` is lost."""
        return _dice(self.seed, frame) < self.rate


@frozen(kw_only=True)
class Delay(_Lasting):
    """Frames come back late."""

    by: timedelta = field(validator=positive)
    jitter: timedelta = field(default=timedelta(0), validator=_not_negative)
    """And up to so much later, at random."""
    seed: int = 1

    def of(self, frame: int) -> Nanos:
        """How much later frame number ``frame`` comes back."""
        jitter = to_nanos(self.jitter, zero=True)
        return to_nanos(self.by) + int(_dice(self.seed, frame) * jitter)


@frozen(kw_only=True)
class CableOut(_Lasting):
    """The cable in front of a SubDevice is out: neither it nor those behind it are reached."""

    subdevice: int | str = field(validator=_subdevice)


@frozen(kw_only=True)
class PowerCycle(Fault):
    """A SubDevice is without power, and then begins anew."""

    subdevice: int | str = field(validator=_subdevice)
    lasts: timedelta = field(default=timedelta(milliseconds=100), validator=positive)
    every: timedelta | None = field(default=None, validator=_longer_than_it_lasts)


@frozen(kw_only=True)
class AlError(Fault):
    """A SubDevice falls from OP to SAFE-OP, with an AL Status Code (ETG.1000.6)."""

    subdevice: int | str = field(validator=_subdevice)
    code: int = field(default=0x001B, validator=within(1, 0xFFFF))


@frozen(kw_only=True)
class Emergency(Fault):
    """A SubDevice sends an emergency message (CiA 301)."""

    subdevice: int | str = field(validator=_subdevice)
    code: int = field(validator=within(0, 0xFFFF))
    register: int = field(default=0x01, validator=within(0, 0xFF))
    """Error register, object 0x1001."""
    data: bytes = field(default=b"", validator=_no_register)


@frozen(kw_only=True)
class StuckMailbox(_Lasting):
    """A SubDevice does not answer in its mailbox."""

    subdevice: int | str = field(validator=_subdevice)


@frozen(kw_only=True)
class WrongWorkingCounter(_Lasting):
    """A SubDevice counts wrongly in process data."""

    subdevice: int | str = field(validator=_subdevice)
    by: int = field(default=-1, validator=within(-3, 3))
    """What is added to the working counter where it takes part."""


FAULTS: Final[Mapping[str, type[Fault]]] = {
    "frame-loss": FrameLoss,
    "delay": Delay,
    "cable-out": CableOut,
    "power-cycle": PowerCycle,
    "al-error": AlError,
    "emergency": Emergency,
    "stuck-mailbox": StuckMailbox,
    "wrong-working-counter": WrongWorkingCounter,
}
"""By ``kind`` in the file."""

_WORD: Final = 2**64 - 1


def _dice(seed: int, number: int) -> float:
    """From 0 to 1, evenly, by ``seed`` and ``number`` alone (the mixing of splitmix64)."""
    word = (seed * 0xBF58476D1CE4E5B9 + (number + 1) * 0x9E3779B97F4A7C15) & _WORD
    word = ((word ^ word >> 30) * 0xBF58476D1CE4E5B9) & _WORD
    word = ((word ^ word >> 27) * 0x94D049BB133111EB) & _WORD
    return (word ^ word >> 31) / 2**64
