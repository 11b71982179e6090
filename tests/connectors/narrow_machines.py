"""The loopback connector's machine, narrowed: what a search is for comes up in fewer examples."""

from __future__ import annotations

from taktora.connectors import HealthSubscription, LoopbackConnector
from taktora.testing.connector_rig import ConnectorRig

from .loopback_machine import ALittleRoom, LoopbackMachine


class Narrow(LoopbackMachine):
    """One channel each way, and nothing is damaged: more happens in as many steps."""

    out_channels = ("out/a",)
    in_channels = ("in/a",)
    corrupt = ConnectorRig.corrupt


class PortsFirst(Narrow):
    """A reader is there before it is registered."""

    def begin(self) -> None:
        super().begin()
        self.create_reader(self.in_channels[0])
        self.register_it()


class AtOnce(Narrow):
    """Registered from the start."""

    corrupt = LoopbackMachine.corrupt

    def begin(self) -> None:
        super().begin()
        self.register_it()


class Full(AtOnce, ALittleRoom):
    """The same, and outside there is little room."""


class Forgetful(LoopbackConnector):
    """Its subscriptions are full soon."""

    def subscribe_health(self, capacity: int = 4) -> HealthSubscription:
        return super().subscribe_health(capacity)


class SoonFull(AtOnce):
    """The same, with such subscriptions."""

    make = Forgetful
