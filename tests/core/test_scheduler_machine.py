"""The laws of ``spec/scheduler.md``, tried on the machine that ships (``taktora.testing``)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from taktora.testing import SchedulerMachine

TestSchedulerMachine = SchedulerMachine.TestCase
TestSchedulerMachine.settings = settings(
    max_examples=4 * settings().max_examples,  # of the profile: 400 under ``ci``
    suppress_health_check=list(HealthCheck),
)
TestSchedulerMachine.pytestmark = [
    pytest.mark.rule("SCHED-01", "SCHED-02", "SCHED-03", "SCHED-04", "SCHED-05", "SCHED-06"),
    pytest.mark.rule("SCHED-07", "SCHED-09", "SCHED-10", "SCHED-11", "SCHED-12"),
    pytest.mark.rule("SCHED-20", "SCHED-21", "SCHED-22", "SCHED-23", "SCHED-24", "SCHED-25"),
    pytest.mark.rule(
        "SCHED-26", "SCHED-27", "SCHED-28", "SCHED-30", "SCHED-31", "SCHED-32", "SCHED-33"
    ),
    pytest.mark.rule("SCHED-40", "SCHED-41", "SCHED-42", "SCHED-50", "SCHED-52", "SCHED-53"),
    pytest.mark.rule("SCHED-60", "SCHED-61", "SCHED-62", "SCHED-63", "SCHED-64", "SCHED-65"),
    pytest.mark.rule(
        "SCHED-66", "SCHED-67", "SCHED-68", "SCHED-69", "SCHED-70", "SCHED-71", "SCHED-72"
    ),
    pytest.mark.rule("SCHED-80", "SCHED-81", "SCHED-82", "SCHED-83"),
    pytest.mark.rule("MAIL-01", "MAIL-02", "MAIL-03", "MAIL-06", "MAIL-07", "MAIL-08"),
]
