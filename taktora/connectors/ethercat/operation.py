"""One session of a bus, from its bring-up on: cycle after cycle, and what follows from each."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from taktora.connectors.ethercat.bus import LOST
from taktora.connectors.ethercat.bus_health import BusHealth
from taktora.connectors.ethercat.upkeep import Upkeep
from taktora.time import to_nanos

if TYPE_CHECKING:
    from collections.abc import Callable

    from taktora.connectors.ethercat.bus import BusDriver
    from taktora.connectors.ethercat.cycle_stats import CycleStats
    from taktora.connectors.ethercat.image import Image
    from taktora.connectors.ethercat.options import EthercatOptions
    from taktora.connectors.ethercat.safe_outputs import SafeOutputs, SafeValue
    from taktora.connectors.inbound import Session
    from taktora.time import Nanos

__all__ = ["Operation"]

logger = logging.getLogger("taktora.connectors")


class Operation:
    """A bus in operation. One thread.

    Args:
        name: of the connector, for the log.
        driver: of the bus, which is up.
        image: of this session.
        safe: says which outputs are to be made safe.
        session: is told how the bus is, and what comes.
        stats: counts.
        options: of the connector.
        expected_wkc: of a good cycle.
        clock: monotonic nanoseconds, for how long an exchange takes.
    """

    def __init__(
        self,
        name: str,
        *,
        driver: BusDriver,
        image: Image,
        safe: SafeOutputs,
        session: Session,
        stats: CycleStats,
        options: EthercatOptions,
        expected_wkc: int,
        clock: Callable[[], Nanos],
    ) -> None:
        self.health = BusHealth(
            expected_wkc,
            tolerance=options.working_counter_tolerance,
            lost_frames=options.lost_frames,
            label=options.label_of,
        )
        self.upkeep = Upkeep(
            name, driver, self.health, stats, period=to_nanos(options.sweep_period)
        )
        self._name = name
        self._exchange = driver.exchange
        self._image = image
        self._safe = safe
        self._session = session
        self._stats = stats
        self._every: Final = options.publish == "cycle"
        self._clock = clock
        stats.begin(expected_wkc)

    def cycle(self, slot: Nanos, now: Nanos) -> bool:
        """One cycle, and a step of upkeep if one is due; whether one was.

        Raises:
            BusError: the driver cannot go on.
        """
        late = self._safe.due(now)
        if late:
            self.make_safe(late)
        clock = self._clock
        began = clock()
        wkc = self._exchange()
        self._stats.exchanged(slot, began, clock(), wkc)
        self.health.exchanged(wkc)
        if wkc == LOST:
            return False  # no time to ask around: nobody would answer
        every = self._every and wkc >= self._stats.expected_wkc
        if every or self._image.has_news:
            self._publish(every=every)
        return self.upkeep.step(now)

    def make_safe(self, values: list[SafeValue]) -> None:
        """Write safe values into the image."""
        for one in values:
            logger.warning(
                "connector %r: channel %r is made safe: %s", self._name, one.channel, one.reason
            )
            if one.bits is not None:
                self._image.write(one.channel, one.bits)

    def _publish(self, *, every: bool) -> None:
        """Tell what has come. With a short counter, only what has changed is known to be new."""
        session = self._session
        when: Nanos | None = None
        for channel, bits in self._image.inputs(every=every):
            if when is None:
                when = session.clock()  # the same for all: they are of one moment
            session.received(channel, bits, timestamp_ns=when)
