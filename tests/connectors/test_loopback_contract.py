"""The loopback connector keeps the contract."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from .loopback_machine import LoopbackMachine

THOROUGH = settings(
    max_examples=300,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

TestLoopback = LoopbackMachine.TestCase
TestLoopback.settings = THOROUGH


class ALittleRoom(LoopbackMachine):
    """The world takes a few values only: writers meet back pressure."""

    room = 3

    def outside_received(self, channel: str) -> list:
        arrived = super().outside_received(channel)
        self.world.clear()
        return arrived


TestALittleRoom = ALittleRoom.TestCase
TestALittleRoom.settings = THOROUGH
