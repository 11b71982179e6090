"""The gateway side of one connector: an actor that keeps its link, and one for each way out."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from taktora.actors.blocking import is_actor_thread
from taktora.actors.item import Item
from taktora.connectors.course import Course, Stage
from taktora.connectors.gateway_ports import GatewayPorts
from taktora.connectors.guarded_link import GuardedLink
from taktora.connectors.health import Connecting, Degraded, Down, Up, words
from taktora.connectors.inbound import Arrived, Inbound, Report
from taktora.connectors.link import Direction, Link
from taktora.connectors.pump import Pump, go_on
from taktora.connectors.reader_watch import ReaderWatch
from taktora.connectors.service_factory import INWARD, OUTWARD
from taktora.connectors.writer_watch import LOOK_EVERY, WriterWatch
from taktora.errors import ActorDeadError, MailboxFull, TaktoraError
from taktora.time import NANOS_PER_SECOND, to_nanos

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from taktora.actors.context import Context
    from taktora.actors.declare import TriggerDeclarer
    from taktora.connectors.descriptor import ChannelDescriptor
    from taktora.connectors.health import ConnectorHealth, HealthEvent
    from taktora.connectors.health_keeper import HealthKeeper
    from taktora.connectors.raw_ports import RawWriter
    from taktora.connectors.reconnect import ReconnectPolicy
    from taktora.connectors.service_factory import ServiceFactory
    from taktora.time import Duration, Nanos

__all__ = ["Gateway"]

logger = logging.getLogger("taktora.connectors")

_LOOK: Final = "look"
_BEAT: Final = 0  # the slot of the trigger that is declared first
_MOST: Final = 256  # payloads in one execution, so that others get their turn


class Gateway(Item):
    """Keeps one link: connects it, tries again, says how it is, and publishes what it brings.

    Add it with :meth:`join`. Everything here happens in its actor, except what is said otherwise.
    """

    publishes = ()

    def __init__(
        self,
        name: str,
        link: Link,
        keeper: HealthKeeper,
        *,
        policy: ReconnectPolicy,
        capacity: int,
        heartbeat: Duration,
        patience: Nanos,
        wall: Callable[[], datetime],
        clock: Callable[[], Nanos],
    ) -> None:
        self.item_id = f"{name}/gateway"
        self.name = name
        self.inbound = Inbound(capacity, self.ring, clock)
        self.ports = GatewayPorts(name, self.inbound.dropped)
        """What they have counted."""
        self.unclaimed = 0
        """Payloads that came on channels that nobody here has opened."""
        self._link = GuardedLink(name, link, self.inbound)
        self._keeper = keeper
        self._course = Course(policy, patience)
        self._heartbeat = heartbeat
        self._wall = wall
        self._outs: dict[str, Pump] = {}
        self._watch = WriterWatch() if self._link.watches_writers else None
        self._reader_watch = ReaderWatch() if self._link.watches_readers else None
        self._poll_slot = 1 if self._link.poll_period else None
        self._pumps: list[Any] = []
        self._prepared: list[Pump] = []  # they become actors with it
        self._writers: dict[str, RawWriter] = {}
        self._executor: Any = None
        self._ref: Any = None
        self._rung = False
        self._looking = False
        self._degraded = False  # by its own account
        self.on_beat: Callable[[ConnectorHealth], None] = lambda _: None
        """Called with the health at each heartbeat, and at once when it has changed."""

    # --- putting it together: any thread -------------------------------------------------------------

    def join(self, executor: Any) -> Any:
        """Become an actor of ``executor``, the last of those that it consists of; its ref.

        When it raises, :meth:`abandon` is to follow.
        """
        self._executor = executor
        while self._prepared:
            self._add(self._prepared[0])
            del self._prepared[0]
        for channel, writer in self._writers.items():
            self.ports.add_in(channel, writer, executor.ports)
        self._ref = executor.add(self)
        self.ring()
        return self._ref

    def abandon(self) -> None:
        """It could not join: let go of everything. Nobody hears of it."""
        self._let_go()
        for pump in self._prepared:
            pump.reader.close()
        if not is_actor_thread():
            for ref in self._pumps:
                ref.stop()

    def open_out(self, descriptor: ChannelDescriptor[Any], factory: ServiceFactory) -> None:
        """Carry what plug-ins write on this channel to the world outside."""
        reader = factory.create_raw_reader(
            descriptor, suffix=OUTWARD, overflow=False, on_damage=self.damaged
        )
        try:
            self._link.add_channel(descriptor, Direction.OUT)
            pump = Pump(f"{self.name}/{descriptor.name}.out", descriptor, reader, self._link)
            if self._executor is None:
                self._prepared.append(pump)
            else:
                self._add(pump)
        except BaseException:
            reader.close()
            raise

    def open_in(self, descriptor: ChannelDescriptor[Any], factory: ServiceFactory) -> None:
        """Carry what comes from outside on this channel to plug-ins."""
        writer = factory.create_raw_writer(descriptor, suffix=INWARD)
        try:
            self._link.add_channel(descriptor, Direction.IN)
        except BaseException:
            writer.close()
            raise
        self._writers[descriptor.name] = writer
        if self._reader_watch is not None:
            self._reader_watch.begin(descriptor.name, writer)
        if self._executor is not None:
            self.ports.add_in(descriptor.name, writer, self._executor.ports)

    def _add(self, pump: Pump) -> None:
        self._pumps.append(self._executor.add(pump))
        self._outs[pump.descriptor.name] = pump
        self.ports.add_out(pump, self._executor.ports)

    def ring(self) -> None:
        """Have the actor look at its queue; one message for a whole burst."""
        ref = self._ref
        if self._rung or self._looking or ref is None:  # looking: it sees whether more has come
            return
        self._rung = True
        try:
            ref.tell(_LOOK)
        except (ActorDeadError, MailboxFull):  # the next heartbeat looks, if there is one
            self._rung = False

    def damaged(self, reason: str) -> None:
        """A frame was damaged: not all is well, until the next heartbeat finds that it is."""
        self._keeper.become(Degraded(reason), now=self._wall(), only_from=Up)

    @property
    def refs(self) -> tuple[Any, ...]:
        """Its actors: this one, and one for each way out. None before :meth:`join`."""
        return (self._ref, *self._pumps) if self._ref is not None else ()

    @property
    def drops(self) -> Mapping[str, int]:
        """Payloads that made way for newer ones before they could be published, by channel."""
        return self.inbound.dropped

    # --- the actor ---------------------------------------------------------------------------------------

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        """Woken by the heartbeat, and by what the link says."""
        on.interval(self._heartbeat)
        if self._link.poll_period:
            on.interval(self._link.poll_period / NANOS_PER_SECOND)
        watches = self._watch is not None or self._reader_watch is not None
        if watches and to_nanos(self._heartbeat) > LOOK_EVERY:
            on.interval(timedelta(microseconds=LOOK_EVERY / 1000))

    def execute(self, ctx: Context) -> None:
        """One heartbeat, or a look at the time for the link's sake."""
        beats, looks, slot = False, False, None
        for fired in ctx.triggers:
            if fired.slot == self._poll_slot:
                slot = fired.scheduled_ns
                continue
            looks = True
            beats = beats or fired.slot == _BEAT
        self._look(ctx.now_ns, slot)
        if looks and self._watch is not None:
            self._look_for_writers(self._watch, ctx.now_ns)
        if looks and self._reader_watch is not None:
            for channel in self._reader_watch.look(list(self._writers.items())):
                self._heed(self._link.readers_came(channel), ctx.now_ns)
        if not beats:
            return
        if self._course.stage is Stage.OPEN and not self._degraded:
            self._become(Up())  # if it was degraded because of a frame that was damaged
        self.on_beat(self._keeper.health)

    def on_receive(self, message: object, ctx: Context) -> None:  # noqa: ARG002
        """The link has said something."""
        self._rung = False
        self._look(ctx.now_ns)

    def plugin_gone(self, now: Nanos) -> None:
        """The plug-in has died: take nothing more from anybody, and let the link act on it.

        Only while its executor does not run.
        """
        for pump in self._pumps:
            pump.stop(block=False)
        self._outs.clear()
        self._heed(self._link.plugin_gone(now), now)
        if self._watch is not None:
            self._say_of_writers(self._watch.none_any_more(), now)

    def on_stop(self) -> None:
        """Close the link and everything that was opened for it, and say so."""
        self._let_go()
        self._become(Down("its gateway was stopped", self._wall()), logging.INFO)

    def _let_go(self) -> None:
        self.ports.hide()
        self._link.close()
        for pump in self._pumps:
            pump.stop(block=False)
        for writer in self._writers.values():
            writer.close()

    def _look(self, now: Nanos, slot: Nanos | None = None) -> None:
        self._looking = True
        try:
            self._look_at_link(now, slot)
        finally:
            self._looking = False
        for one in self.inbound.take(_MOST):
            self._publish(one)
        if self.inbound.waiting:
            self.ring()

    def _look_at_link(self, now: Nanos, slot: Nanos | None) -> None:
        reports = self.inbound.take_reports()
        if reports:
            self._hear_all(reports, now)
        if now >= self._course.due:  # hardly ever, once it is open
            if self._course.is_late(now):
                self._broke(f"no answer within {self._course.patience / NANOS_PER_SECOND:g} s", now)
            if self._course.is_due(now):
                self._attempt(now)
        complaint = self._link.poll(now)
        if slot is not None and complaint is None:
            complaint = self._link.tick(slot, now)
        if complaint is not None:
            self._heed(complaint, now)

    def _hear_all(self, reports: Sequence[Report], now: Nanos) -> None:
        fell = isinstance(reports[-1].health, Down)
        for report in reports:
            if fell and isinstance(report.health, Up):
                continue  # it is that no more: nobody who knows better may see it so
            self._hear(report.health, now)

    def _hear(self, health: ConnectorHealth | None, now: Nanos) -> None:
        match health:
            case None:
                self._go_on()  # there is room
            case Down(reason):
                self._broke(reason, now)
            case _:
                self._degraded = isinstance(health, Degraded)
                self._course.opened()
                self._become(health)
                self._link.is_open = True
                self._go_on()

    def _attempt(self, now: Nanos) -> None:
        self._become(Connecting(self._wall()))
        self._course.trying(now)
        complaint = self._link.open()
        if complaint is not None:
            self._broke(complaint, now)

    def _broke(self, reason: str, now: Nanos) -> None:
        self._link.close()
        self._degraded = False
        attempts = self._course.attempts
        self._course.broke(now)
        if self._course.stage is Stage.GIVEN_UP:
            reason = f"{reason}; gave up after {attempts} attempt{'s' * (attempts != 1)}"
        self._become(Down(reason, self._wall()))

    def _heed(self, complaint: str | None, now: Nanos) -> None:
        """What the link raised breaks it, if there is anything to break."""
        if complaint is not None and self._course.stage in (Stage.TRYING, Stage.OPEN):
            self._broke(complaint, now)

    def _look_for_writers(self, watch: WriterWatch, now: Nanos) -> None:
        readers = [(channel, pump.reader) for channel, pump in list(self._outs.items())]
        self._say_of_writers(watch.look(readers), now)

    def _say_of_writers(self, changes: Iterable[tuple[str, bool]], now: Nanos) -> None:
        for channel, present in changes:
            logger.debug(
                "connector %r: channel %r has %s writer",
                self.name,
                channel,
                "a" if present else "no",
            )
            self._heed(self._link.writers_changed(channel, present=present), now)

    def _go_on(self) -> None:
        for pump in self._pumps:
            go_on(pump)

    def _become(self, health: ConnectorHealth, level: int | None = None) -> None:
        def become() -> tuple[HealthEvent, ...]:
            return self._keeper.become(health, now=self._wall())

        stands = isinstance(health, Up | Degraded)
        if self.inbound.unless_down(become) if stands else become():
            if level is None:
                level = logging.WARNING if isinstance(health, Down) else logging.INFO
            logger.log(
                level,
                "connector %r is %s",
                self.name,
                words(self._keeper.health),
            )
            self.on_beat(self._keeper.health)

    def _publish(self, one: Arrived) -> None:
        writer = self._writers.get(one.channel)
        if writer is None:
            self.unclaimed += 1
            return
        try:
            if one.whole:
                writer.send(
                    one.payload,
                    correlation_id=one.correlation_id,
                    reserved=one.reserved,
                    sequence=one.sequence,
                    timestamp_ns=one.timestamp_ns,
                )
            else:
                writer.forward(one.payload)
        except TaktoraError as error:  # too large, or not bytes: a gap for its readers
            if not writer.closed:
                self.ports.refused(one.channel)
                self.damaged(f"channel {one.channel!r}: {error}")
