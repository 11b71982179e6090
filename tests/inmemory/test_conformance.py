"""The in-memory transport does what iceoryx2 does, as far as anybody can see."""

from __future__ import annotations

import gc

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from .channel_rules import ChannelRules
from .service_rules import ServiceRules

CONFORMANCE = settings(
    max_examples=200,
    stateful_step_count=50,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


class ConformanceMachine(ChannelRules, ServiceRules):
    """All rules."""


@pytest.mark.rule("INMEM-01")
def test_every_operation_has_the_same_result_on_iceoryx2_and_in_memory(domain):
    class Machine(ConformanceMachine):
        pass

    Machine.domain = domain
    run_state_machine_as_test(Machine, settings=CONFORMANCE)
    gc.collect()
