"""A connector type with an options and a routing class, and a lookup that knows it."""

from __future__ import annotations

from attrs import field, frozen

from taktora.config import within
from taktora.connectors import PayloadCodec, codecs
from taktora.errors import MissingExtra, UnknownPlugin


@frozen
class BenchOptions:
    address: str
    rate: float = field(default=1.0, validator=within(0.1, 10))


@frozen
class BenchRouting:
    offset: int = field(validator=within(0, 100))
    signed: bool = False

    @property
    def is_routing(self) -> bool:
        return True


class Bench:
    Options = BenchOptions
    Routing = BenchRouting


class Plain:
    """Has neither options nor routing."""


class Shelf:
    """A lookup: what would be installed."""

    def connector(self, name: str) -> type:
        if name == "zenoh":
            raise MissingExtra("needs zenoh: pip install 'taktora[zenoh]'")
        if name == "broken":
            raise RuntimeError("it broke\nwhile it was loaded")
        kinds = {"bench": Bench, "loopback": Plain}
        if name not in kinds:
            raise UnknownPlugin(f"no connector is called {name!r} (installed: bench, loopback)")
        return kinds[name]

    def codec(self, name: str) -> PayloadCodec:
        made: dict[str, PayloadCodec] = {"json": codecs.JsonCodec(), "raw": codecs.RawCodec()}
        if name not in made:
            raise UnknownPlugin(f"no codec is called {name!r} (installed: json, raw)")
        return made[name]
