"""The plug-in's eye on a gateway that lives in another process."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from taktora.actors.item import Item
from taktora.connectors.beacon import open_status
from taktora.connectors.health import Connecting, Down
from taktora.connectors.status import Status, decode
from taktora.connectors.takeover import Takeover
from taktora.time import NANOS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from taktora.actors.context import Context
    from taktora.actors.declare import TriggerDeclarer
    from taktora.connectors.health_keeper import HealthKeeper
    from taktora.connectors.status import PortStatus
    from taktora.time import Nanos

__all__ = ["Watcher"]

logger = logging.getLogger("taktora.connectors")


class Watcher(Item):
    """Follows the gateway's health; when it gives no sign of life, the connector is down."""

    publishes = ()

    def __init__(
        self,
        name: str,
        executor: Any,
        keeper: HealthKeeper,
        *,
        stale_after: Nanos,
        wall: Callable[[], datetime],
    ) -> None:
        self.item_id = f"{name}/watcher"
        self.name = name
        self.instance: str | None = None
        """Of the gateway that was heard last."""
        self.restarts = 0
        """How often another gateway took over."""
        self.ports: Mapping[str, PortStatus] = {}
        """What the gateway said last of its ports. Replaced as a whole; read by any thread."""
        self.left_out = 0
        """Ports that its status had no room for."""
        self._takeover = Takeover()
        self._warned: set[str] = set()
        self._subscriber = open_status(executor, name).subscriber()
        self._keeper = keeper
        self._stale_after = stale_after
        self._wall = wall
        self._lost: str | None = None  # why it is down by this item's own judgement

    def join(self, executor: Any) -> Any:
        """Become an actor of ``executor``; its ref."""
        try:
            return executor.add(self)
        except BaseException:
            self._subscriber.close()
            raise

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        """Woken by signs of life, and by their absence."""
        on.deadline(self._subscriber, self._stale_after / NANOS_PER_SECOND)

    def execute(self, ctx: Context) -> None:
        """Follow what was said last; nothing was said for too long: it is gone."""
        heard = False
        for sample in self._subscriber:
            heard = True
            self._hear(decode(sample.payload))
        if not heard and any(fired.kind == "deadline_missed" for fired in ctx.triggers):
            self._silent(f"its gateway gave no sign of life for {self._stale_after / 1e9:g} s")

    def _silent(self, reason: str) -> None:
        """Nothing was heard for too long."""
        self._gone(reason)

    def _hear(self, said: Status | str) -> None:
        if isinstance(said, str):
            self._gone(said)
            return
        if self.instance not in (None, said.instance):
            self.restarts += 1
            self._takeover.next_gateway()
            self._warned.clear()
            if self._lost is None:  # so fast that nobody missed it
                self._gone("its gateway was restarted")
        self.instance = said.instance
        self.ports, self.left_out = said.ports, said.left_out
        for channel, lost in self._takeover.hear(said.ports).items():
            if channel not in self._warned:
                self._warned.add(channel)
                logger.warning(
                    "connector %r: values that had been accepted on channel %r were lost when its "
                    "gateway was restarted: at most %d so far; the connector's `lost` goes on counting",
                    self.name,
                    channel,
                    lost,
                )
        now = self._wall()
        if self._lost is not None:  # what it says is news, even if that is Down as well
            self._lost = None
            self._keeper.become(Connecting(now), now=now, only_from=Down)
        self._keeper.become(said.health, now=now)

    @property
    def lost(self) -> Mapping[str, int]:
        """Values that were accepted and no gateway carried: at most so many, by channel."""
        return self._takeover.lost

    def _gone(self, reason: str) -> None:
        """Down for another reason than before is worth an event."""
        if reason == self._lost:
            return
        now = self._wall()
        self._keeper.become(Connecting(now), now=now, only_from=Down)  # also if it said so itself
        self._lost = reason
        self._keeper.become(Down(reason, now), now=now)

    def on_stop(self) -> None:
        """Let go of the port. Nobody knows any more how the gateway is."""
        self._subscriber.close()
        self._gone("its gateway is not watched any more")
