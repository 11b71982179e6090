"""The channels of a bus that is up, and the bytes that they are in the process image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import define

if TYPE_CHECKING:
    from taktora.connectors.ethercat.bus import BusDriver
    from taktora.connectors.ethercat.layout import Placed
    from taktora.connectors.ethercat.pdi import Field

__all__ = ["Image"]


@define
class _Output:
    field: Field
    image: memoryview


@define
class _Input:
    channel: str
    field: Field
    last: bytes | None = None
    """What it was when it was brought last; ``None``: never in this session."""


@define
class _Source:
    """The inputs of one SubDevice, and the channels that are parts of them."""

    image: memoryview
    inputs: list[_Input]
    seen: bytes = b""
    looked: bool = False
    """Whether every channel has been looked at since one was added."""


class Image:
    """The process image of one session, by channels. One thread.

    Args:
        driver: its images are valid.
    """

    def __init__(self, driver: BusDriver) -> None:
        self._driver = driver
        self._outputs: dict[str, _Output] = {}
        self._sources: dict[int, _Source] = {}
        self._overlooked = False  # an input that has not been brought, whether it changes or not

    @property
    def has_news(self) -> bool:
        """Whether :meth:`inputs` may have something to say after an exchange. For each cycle."""
        return self._overlooked or self._driver.inputs_changed

    def add(self, placed: Placed) -> None:
        """One more channel, all of which is in the image. An output begins with its safe value.

        One whose safe value is to hold begins with zero: there is nothing yet to hold.
        """
        if placed.is_output:
            its = _Output(placed.field, self._driver.outputs(placed.position))
            self._outputs[placed.channel] = its
            its.field.write(its.image, placed.routing.safe_bits or bytes(its.field.size))
            return
        source = self._sources.get(placed.position)
        if source is None:
            source = _Source(self._driver.inputs(placed.position), [])
            self._sources[placed.position] = source
        source.inputs.append(_Input(placed.channel, placed.field))
        source.looked = False
        self._overlooked = True

    def forget(self, channel: str) -> None:
        """An input counts as never brought: the next call of :meth:`inputs` brings it."""
        for source in self._sources.values():
            for one in source.inputs:
                if one.channel == channel:
                    one.last, source.looked = None, False
                    self._overlooked = True

    def write(self, channel: str, bits: bytes | memoryview) -> None:
        """Put an output's bits in; they go out with the next exchange.

        Raises:
            InvalidArgument: they are not as many as the channel's field has; nothing is changed.
        """
        its = self._outputs[channel]
        its.field.write(its.image, bits)

    def inputs(self, *, every: bool) -> Iterator[tuple[str, bytes]]:
        """Channel and bits of what has changed since the last call; ``every``: and of all others."""
        self._overlooked = False
        for source in self._sources.values():
            seen = bytes(source.image)
            if source.looked and not every and seen == source.seen:
                continue
            for one in source.inputs:
                bits = one.field.read(seen)
                if every or bits != one.last:
                    one.last = bits
                    yield one.channel, bits
            source.seen, source.looked = seen, True
