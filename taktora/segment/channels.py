"""The channels of a terminal as a sequence that Python reads and sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar, overload

from taktora.errors import InvalidArgument, WrongType

__all__ = ["Bits", "Channels"]

T = TypeVar("T")


class Channels(Sequence[T], Generic[T]):
    """A view on values that live elsewhere, channel 0 first. Any thread that may touch the device.

    Args:
        count: how many there are.
        get: reads one.
        put: sets one; ``None``: only the MainDevice does.
    """

    def __init__(
        self, count: int, get: Callable[[int], T], put: Callable[[int, T], None] | None = None
    ) -> None:
        self._count = count
        self._get = get
        self._put = put

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, channel: int) -> T: ...
    @overload
    def __getitem__(self, channel: slice) -> list[T]: ...
    def __getitem__(self, channel: int | slice) -> T | list[T]:
        if isinstance(channel, slice):
            return [self._get(one) for one in range(self._count)[channel]]
        return self._get(self._at(channel))

    def __setitem__(self, channel: int, value: T) -> None:
        """As :meth:`set`."""
        self.set(channel, value)

    def set(self, channel: int, value: T) -> None:
        """Set one channel.

        Raises:
            IndexError: there is no such channel.
            InvalidArgument, WrongType: no such value, or the MainDevice sets these.
        """
        if self._put is None:
            raise WrongType("these channels are the MainDevice's: they can only be read")
        self._put(self._at(channel), value)

    def __iter__(self) -> Iterator[T]:
        return map(self._get, range(self._count))

    def __repr__(self) -> str:
        return repr(list(self))

    def _at(self, channel: int) -> int:
        if not -self._count <= channel < self._count:
            raise IndexError(f"there are {self._count} channels, from 0: no channel {channel}")
        return channel % self._count


class Bits(Channels[bool]):
    """Channels of one bit each, side by side in bytes.

    Args:
        count: how many there are.
        settable: by Python.
    """

    def __init__(self, count: int, *, settable: bool) -> None:
        if not 1 <= count <= 8 * 1486:
            raise InvalidArgument(f"a terminal has 1 to {8 * 1486} channels of a bit, not {count}")
        super().__init__(count, self._bit, self._set if settable else None)
        self._size = (count + 7) // 8
        self._mask = (1 << count) - 1
        self._whole = 0

    def clear(self) -> None:
        """All off."""
        self._whole = 0

    def load(self, image: bytes) -> None:
        """Take them from process data."""
        self._whole = int.from_bytes(image, "little") & self._mask

    def image(self) -> bytes:
        """As process data."""
        return self._whole.to_bytes(self._size, "little")

    def _bit(self, channel: int) -> bool:
        return bool(self._whole >> channel & 1)

    def _set(self, channel: int, value: bool) -> None:
        if not isinstance(value, bool):
            raise WrongType(f"a digital channel is True or False, not {value!r}")
        self._whole = self._whole & ~(1 << channel) | value << channel
