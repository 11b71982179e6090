"""The loopback connector keeps the contract."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

import taktora
from taktora.connectors import ExponentialBackoff, LoopbackConnector, LoopbackWorld, RawCodec
from tests.planting import SEARCH

from .loopback_machine import ALittleRoom, LoopbackMachine
from .narrow_machines import AtOnce, Full

THOROUGH = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

TestLoopback = LoopbackMachine.TestCase
TestLoopback.settings = THOROUGH


TestALittleRoom = ALittleRoom.TestCase
TestALittleRoom.settings = THOROUGH


@pytest.mark.parametrize("machine", [AtOnce, Full])
def test_the_contract_holds_with_threads_and_shared_memory(
    machine: type[LoopbackMachine], domain: str
) -> None:
    class OnARealExecutor(machine):  # type: ignore[valid-type,misc]
        patience = 10.0  # of which hardly any is used
        burst = 20
        pauses = (0.001, 0.01)  # in real time

        def open(self) -> LoopbackConnector:
            self.executor = taktora.Executor(domain=domain, worker_threads=2)
            self.runner: taktora.Runner | None = None
            self.world = LoopbackWorld(room=self.room)
            return self.make(
                "lab",
                self.world,
                codec=RawCodec(),
                node=self.executor,
                queue=16,
                heartbeat=0.005,
                reconnect=ExponentialBackoff(initial=0.002, maximum=0.01, seed=1),
            )

        def register(self, connector: Any) -> None:
            super().register(connector)
            self.runner = taktora.Runner(self.executor)

        def shut(self) -> None:
            if self.runner is not None:
                self.runner.stop()
            self.executor.close()

    run_state_machine_as_test(
        OnARealExecutor,
        settings=settings(SEARCH, max_examples=15, stateful_step_count=30, derandomize=True),
    )
