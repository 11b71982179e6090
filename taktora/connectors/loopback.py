"""The loopback connector: what is outside is in the same process. The reference implementation."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import field, frozen

from taktora.connectors.connector import Connector
from taktora.connectors.loopback_link import LoopbackLink
from taktora.connectors.loopback_world import LoopbackWorld
from taktora.connectors.placement import OWN_PROCESS
from taktora.errors import InvalidArgument, WrongType
from taktora.time import Duration, Nanos, to_nanos

__all__ = ["LoopbackConnector", "LoopbackOptions", "Outage"]


@frozen
class Outage:
    """The line is cut for a while."""

    after: Duration
    """Counted from the start."""
    lasts: Duration

    def __attrs_post_init__(self) -> None:
        to_nanos(self.after, what="after", zero=True)
        to_nanos(self.lasts, what="lasts")


@frozen
class LoopbackOptions:
    """What a configuration may say of a loopback connector.

    Raises:
        InvalidArgument, WrongType: a value that cannot be.
    """

    echo: bool = field(default=True)
    """What goes out on a channel comes back in on it."""
    room: int | None = field(default=None)
    """1 or more payloads that the world takes on a channel before it has no more room; ``None``: any number."""
    delay: Duration = 0
    """How long a value takes to the world."""
    outages: tuple[Outage, ...] = ()
    """When the line is cut, and for how long."""

    def __attrs_post_init__(self) -> None:
        to_nanos(self.delay, what="delay", zero=True)

    @echo.validator
    def _check_echo(self, _: Any, value: object) -> None:
        if not isinstance(value, bool):
            raise WrongType(f"echo must be true or false, not {value!r}")

    @room.validator
    def _check_room(self, _: Any, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, int):
            raise WrongType(f"room must be an integer or None, not {value!r}")
        if value < 1:
            raise InvalidArgument(f"room must be 1 or more, not {value}")

    @property
    def poll_period(self) -> Nanos:
        """How often the link has to look at the time, in ns; 0: never."""
        delay = to_nanos(self.delay, what="delay", zero=True)
        if not delay:
            return 10_000_000 if self.outages else 0
        return min(max(delay // 4, 1_000_000), 10_000_000)


class LoopbackConnector(Connector):
    """Connects to a :class:`LoopbackWorld` in this process: for tests, examples, and to begin with.

    Args:
        name: as of every connector.
        world: what is outside; default: one of its own, as ``options`` say, in the gateway's process.
        options: see :class:`LoopbackOptions`.
        **common: as :class:`Connector`.
    """

    Options: ClassVar[type[Any]] = LoopbackOptions

    def __init__(
        self,
        name: str = "loopback",
        world: LoopbackWorld | None = None,
        *,
        options: LoopbackOptions | None = None,
        **common: Any,
    ) -> None:
        super().__init__(name, **common)
        if options is not None and not isinstance(options, LoopbackOptions):
            raise WrongType(f"connector {name!r}: expected LoopbackOptions, not {options!r}")
        if world is not None and self.gateway == OWN_PROCESS:
            raise InvalidArgument(
                f"connector {name!r}: a world of this process is out of reach for a gateway in its own; "
                f"leave the world out, and say what it is like in LoopbackOptions"
            )
        self.options = LoopbackOptions() if options is None else options
        self.world = (
            LoopbackWorld(echo=self.options.echo, room=self.options.room)
            if world is None
            else world
        )

    def make_link(self) -> LoopbackLink:
        """To the world."""
        return LoopbackLink(
            self.world,
            delay=to_nanos(self.options.delay, what="delay", zero=True),
            outages=[
                (to_nanos(one.after, what="after", zero=True), to_nanos(one.lasts, what="lasts"))
                for one in self.options.outages
            ],
            poll_period=self.options.poll_period,
        )
