"""The link to an EtherCAT bus: bring-up step by step, then a cycle in each slot of the time grid."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final

from taktora.connectors.ethercat.bus import BringUp, Mapped
from taktora.connectors.ethercat.cycle_stats import (
    CODEC,
    CycleStats,
    SubDeviceStatus,
    statistics_channel,
    status_of,
)
from taktora.connectors.ethercat.image import Image
from taktora.connectors.ethercat.layout import Layout, expected_wkc
from taktora.connectors.ethercat.operation import Operation
from taktora.connectors.ethercat.routing import EthercatRouting
from taktora.connectors.ethercat.safe_outputs import SafeOutputs
from taktora.connectors.ethercat.sdo import SdoAnswers, SdoQueue
from taktora.connectors.ethercat.sdo_messages import sdo_channel
from taktora.connectors.health import Degraded, Down, Up, words
from taktora.connectors.link import Direction
from taktora.errors import BusError, InvalidArgument, InvalidDescriptor
from taktora.time import NANOS_PER_SECOND, to_nanos

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from taktora.connectors.descriptor import ChannelDescriptor
    from taktora.connectors.ethercat.bus import BusDriver, SubDeviceState
    from taktora.connectors.ethercat.options import EthercatOptions
    from taktora.connectors.inbound import Session
    from taktora.time import Nanos

__all__ = ["EthercatLink"]

logger = logging.getLogger("taktora.connectors")

_REPORT_EVERY: Final = NANOS_PER_SECOND


class EthercatLink:
    """A bus, as a gateway's link. The gateway calls it, never from two threads at the same time.

    Args:
        name: of the connector.
        driver: of the bus.
        options: of the connector.
        clock: monotonic nanoseconds.
        threaded: objects are read and written at run time on a thread of their own; ``False``:
            between cycles (for simulations, where nothing may happen by itself).
    """

    sends_late: Final = False
    """An output is a present value: what was commanded before an outage is not."""

    def __init__(
        self,
        name: str,
        driver: BusDriver,
        options: EthercatOptions,
        *,
        clock: Callable[[], Nanos] = time.monotonic_ns,
        threaded: bool = True,
    ) -> None:
        self.poll_period: Final = to_nanos(options.cycle_time)
        self.stats = CycleStats(self.poll_period)
        """What has been counted since it was made."""
        self._name = name
        self._driver = driver
        self._options = options
        self._clock = clock
        self._threaded = threaded
        self._layout = Layout(options)
        self._safe = SafeOutputs()
        self._answers = SdoAnswers(driver, options.position_of)
        self._sdo_channel = sdo_channel(name).name
        self._statistics_channel = statistics_channel(name).name
        self._session: Session | None = None
        self._steps: Iterator[None] | None = None
        self._found: BringUp | None = None
        self._image: Image | None = None
        self._operation: Operation | None = None
        self._sdos: SdoQueue | None = None
        self._letting_go = False
        self._said: Up | Degraded | None = None
        self._saying = ""
        self._complained: set[str] = set()
        self._subdevices: tuple[SubDeviceStatus, ...] = ()  # as they were last seen
        self._report_at: Nanos = 0

    # --- what the gateway calls ---------------------------------------------------------------------

    def open(self, session: Session) -> None:
        """Begin to bring the bus up: one step in each slot."""
        self.stats.bring_ups += 1
        self._session = session
        self._steps = self._bring_up(session)

    def close(self) -> None:
        """Let go of the bus: at once, or when the object that is being accessed is done with."""
        self._session = self._steps = self._found = self._image = self._operation = None
        self._said = None
        sdos, self._sdos = self._sdos, None
        if sdos is None:
            if not self._letting_go:
                self._driver.close()
            return
        self._letting_go = True
        sdos.end(self._let_go)

    def _let_go(self) -> None:
        try:
            self._driver.close()
        finally:
            self._letting_go = False

    def add_channel(self, descriptor: ChannelDescriptor[Any], direction: Direction) -> None:
        """One more channel, also while the bus is in operation: its inputs come with the next cycle.

        Raises:
            InvalidDescriptor: its routing leads nowhere, or another output has one of its bits.
        """
        routing = descriptor.routing
        if not isinstance(routing, EthercatRouting):
            return  # one of the connector's own
        is_known = descriptor.name in self._layout.placed
        placed = self._layout.add(descriptor.name, routing)
        if is_known:
            return
        if self._found is not None and self._image is not None:
            try:
                self._layout.check(self._found)
            except BusError as error:
                del self._layout.placed[descriptor.name]
                raise InvalidDescriptor(str(error)) from error
            self._image.add(placed)
        if direction is Direction.OUT:
            self._safe.add(descriptor.name, routing)

    def send(
        self,
        descriptor: ChannelDescriptor[Any],
        payload: memoryview,
        *,
        sequence: int,  # noqa: ARG002  # of a present value, the last one wins
        correlation_id: bytes | None,
    ) -> bool:
        """Put a value into the outputs of the next cycle; the last one wins. ``True``, but for SDOs."""
        channel = descriptor.name
        if channel == self._sdo_channel:
            assert self._sdos is not None
            return self._sdos.submit(bytes(payload), correlation_id)
        assert self._image is not None
        try:
            if self._safe.wrote(channel, self._clock()):
                self._image.write(channel, payload)
        except InvalidArgument as error:  # a mistake of one plug-in's, and none of the bus
            self.stats.refused += 1
            if channel not in self._complained:
                self._complained.add(channel)
                logger.warning("connector %r: channel %r: %s", self._name, channel, error)
        return True

    def writers_changed(self, channel: str, present: bool) -> None:
        """The first writer of a channel has come, or the last one has gone: what it said is made safe."""
        values = self._safe.writers_changed(channel, present=present)
        if self._operation is not None:
            self._operation.make_safe(values)

    def readers_came(self, channel: str) -> None:
        """Somebody new wants an input: it is told as it is now, changed or not."""
        if self._image is not None:
            self._image.forget(channel)

    def plugin_gone(self, now: Nanos) -> None:  # noqa: ARG002  # at once
        """The plug-in's process has ended: everything is made safe, and stays so."""
        values = self._safe.plugin_gone()
        if self._operation is not None:
            self._operation.make_safe(values)

    def tick(self, slot: Nanos, now: Nanos) -> None:
        """One slot: a cycle, or a step of bring-up."""
        session = self._session
        if session is None:
            return
        try:
            if self._operation is not None:
                self._cycle(self._operation, session, slot, now)
            elif self._steps is not None:
                next(self._steps, None)
                self._report_if_due(session, now)
        except BusError as error:
            self._go_down(session, str(error))

    # --- bring-up -----------------------------------------------------------------------------------

    def _bring_up(self, session: Session) -> Iterator[None]:
        self._saying = "connecting: an object is still being accessed for the session before"
        while self._letting_go:
            yield
        for step in self._driver.bring_up():
            if isinstance(step, Mapped):
                self._map(BringUp(0, step.subdevices))
            elif isinstance(step, BringUp):
                self._begin(session, step)
                return
            else:
                self._saying = f"connecting: {step}"
            yield
        raise BusError("the driver ended its bring-up without having brought the bus up")

    def _map(self, found: BringUp) -> Image:
        """Every output has its safe value, or is zero: nobody has commanded it yet."""
        self._layout.check(found)
        for one in found.subdevices:
            its = self._driver.outputs(one.position)
            its[:] = bytes(len(its))
        self._found, self._image = found, Image(self._driver)
        for placed in self._layout.placed.values():
            self._image.add(placed)
        return self._image

    def _begin(self, session: Session, found: BringUp) -> None:
        image = self._image or self._map(found)
        self._found = found
        self._safe.forget_values()
        self._operation = Operation(
            self._name,
            driver=self._driver,
            image=image,
            safe=self._safe,
            session=session,
            stats=self.stats,
            options=self._options,
            expected_wkc=expected_wkc(self._options, found),
            clock=self._clock,
        )
        self._sdos = SdoQueue(self._answers, session, self._sdo_channel, threaded=self._threaded)

    # --- operation ----------------------------------------------------------------------------------

    def _cycle(self, operation: Operation, session: Session, slot: Nanos, now: Nanos) -> None:
        busy = operation.cycle(slot, now)
        verdict = operation.health.verdict
        if verdict is not self._said:
            self._judged(verdict, session, now)
        elif now >= self._report_at and not busy:
            self._report(session, now)
        if self._sdos is not None and not self._threaded:
            self._sdos.turn()

    def _judged(self, verdict: Up | Degraded | Down | None, session: Session, now: Nanos) -> None:
        if isinstance(verdict, Down):
            self._go_down(session, verdict.reason)
            return
        if verdict is None:
            return  # before the first good cycle
        self._said = verdict
        self._saying = words(verdict)
        self._report(session, now)
        if isinstance(verdict, Degraded):
            session.degraded(verdict.reason)
        else:
            session.up()

    def _go_down(self, session: Session, reason: str) -> None:
        """Nothing more happens until the gateway closes the link."""
        self._saying = f"down: {reason}"
        self._report(session, self._clock())
        self._steps = self._operation = None
        session.down(reason)

    # --- what is told of it -------------------------------------------------------------------------

    def _report_if_due(self, session: Session, now: Nanos) -> None:
        if now >= self._report_at:
            self._report(session, now)

    def _report(self, session: Session, now: Nanos) -> None:
        self._report_at = now + _REPORT_EVERY
        if self._operation is not None and self._operation.upkeep.states:
            self._subdevices = self._named(self._operation.upkeep.states)
        report = self.stats.report(self._saying, self._subdevices, sdos=self._answers.done)
        session.received(self._statistics_channel, CODEC.dumps(report))

    def _named(self, states: Iterable[SubDeviceState]) -> tuple[SubDeviceStatus, ...]:
        found = () if self._found is None else self._found.subdevices
        names = {one.position: one.name for one in found}
        for one in self._options.subdevices:
            if one.name is not None:
                names[one.subdevice] = one.name
        return tuple(status_of(one, names.get(one.position, "")) for one in states)
