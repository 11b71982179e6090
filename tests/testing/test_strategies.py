"""Public strategies: what they draw is valid, within what they say, and shrinks to the simplest."""

from __future__ import annotations

from hypothesis import find, given
from hypothesis import strategies as st

from taktora.core.plan import Plan
from taktora.core.scheduler import Scheduler
from taktora.core.stimuli import Added
from taktora.core.supervision import Supervision
from taktora.core.triggers import DeadlineTrigger, FdTrigger, IntervalTrigger
from taktora.testing.strategies import (
    ActorDraft,
    actor_drafts,
    dags,
    interval_triggers,
    source_triggers,
    supervisions,
)

PORT = object()
drafts = actor_drafts(
    st.one_of(source_triggers([PORT], fds=[7], unit=1000), interval_triggers(unit=1000)), unit=1000
)


@given(drafts)
def test_a_draft_makes_actors_that_the_scheduler_takes(draft: ActorDraft):
    scheduler = Scheduler()
    one, other = draft.spec("a"), draft.spec("b")
    assert one.mailbox is not other.mailbox
    for spec in (one, other):
        scheduler.handle(Added(spec), now=0)
    assert scheduler.actor_ids == ("a", "b")
    for trigger in draft.triggers:
        if isinstance(trigger, IntervalTrigger):
            assert trigger.period % 1000 == 0
        elif isinstance(trigger, DeadlineTrigger):
            assert trigger.within % 1000 == 0
        else:
            assert trigger.source is PORT or (
                isinstance(trigger, FdTrigger) and trigger.source == 7
            )


@given(st.integers(1, 12).flatmap(lambda most: st.tuples(st.just(most), dags(most))))
def test_graphs_are_no_larger_than_asked_for(drawn: tuple[int, Plan]):
    most, plan = drawn
    assert 1 <= len(plan.ids) <= most


def test_they_shrink_to_the_simplest():
    assert find(supervisions(), lambda _: True) == Supervision.resume()
    assert find(dags(), lambda plan: len(plan.ids) >= 3).ids == ("v0", "v1", "v2")
    simplest = find(drafts, lambda _: True)
    assert (simplest.triggers, simplest.capacity) == ((), 1)
