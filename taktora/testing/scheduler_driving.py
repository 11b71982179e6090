"""The driver's part in :class:`~taktora.testing.SchedulerMachine`: report, judge, obey, dispatch.

It obeys commands as a driver does, always in order, nested reports included, and holds every answer
of the scheduler and of the dispatcher against the laws.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar, Final

from hypothesis.stateful import RuleBasedStateMachine

from taktora.core import commands as cmd
from taktora.core import stimuli as sti
from taktora.core.dispatching import Dispatcher, Fifo
from taktora.core.mailbox import Mailbox
from taktora.core.scheduler import Scheduler
from taktora.errors import LawBroken
from taktora.testing.scheduler_model import Model, law, probed

__all__ = ["ERROR", "Driving", "Prediction", "about"]

ERROR: Final = ValueError("planted")

Prediction = Counter[tuple[str, str]]
"""Commands that a stimulus must lead to, such as ``("start", "a")``; ``Execute`` is not predicted."""


def about(actor_id: str, *commands: str) -> Prediction:
    """The prediction of these commands about one actor."""
    return Counter((command, actor_id) for command in commands)


class Driving(RuleBasedStateMachine):
    """State of a history, and the one way in which anything is told to the scheduler."""

    scheduler_class: ClassVar[type[Scheduler]] = Scheduler
    mailbox_class: ClassVar[type[Mailbox]] = Mailbox
    dispatcher: ClassVar[Callable[[], Dispatcher]] = Fifo
    overtaking: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.scheduler = self.scheduler_class()
        self.probe = probed(self.mailbox_class)
        self.dispatching = type(self).dispatcher()
        self.now = 0
        self.epoch = 0
        self.running = self.open = False
        self.actors: dict[str, Model] = {}
        self.watched: dict[int, Any] = {}
        self.tokens = itertools.count(1)
        self.untold: set[str] = set()
        self.fates: list[str] = []
        self.theme = ""  # what happens often in this history
        self.posted: list[str] = []  # whose ``Started`` is still to be reported
        self.busy = False  # something else comes before what was posted
        self.depth = 0
        self.ready: dict[str, int] = {}  # who waits for the dispatcher -> how often overtaken

    # --- telling --------------------------------------------------------------------------------

    def report(self, stimulus: Any, predicted: Prediction | None = None) -> None:
        """Tell the scheduler; hold its answer against the prediction and the laws; obey."""
        before = list(self.actors.values())
        try:
            commands = self.scheduler.handle(stimulus, now=self.now)
        except KeyError as error:
            raise LawBroken("SCHED-09", f"{stimulus} made it trip over {error}") from error
        for actor in before:
            self._account_for_wakes(actor)
        self._judge(commands, predicted or Counter())
        self.depth += 1
        self._obey(commands)
        self.depth -= 1
        if not self.depth and not self.busy:
            self._pump()

    def _pump(self) -> None:
        """Report what was posted: every ``Started`` comes after all that came with its ``Start``."""
        while self.posted:
            actor = self.actors.get(actor_id := self.posted.pop(0))
            if actor is not None and actor.phase == "starting":
                actor.phase = "idle"
            self.report(sti.Started(actor_id))

    def _account_for_wakes(self, actor: Model) -> None:
        raise NotImplementedError

    def _fail(self, actor: Model, error: BaseException) -> None:
        raise NotImplementedError

    def _forget(self, actor: Model) -> None:
        del self.actors[actor.id]
        self.untold.discard(actor.id)

    def _end(self, actor: Model) -> None:
        """It ended its life by itself: whoever noticed closed the mailbox, and reports it."""
        actor.mailbox.close()
        self._forget(actor)
        self.report(sti.Stopped(actor.id), about(actor.id, "forget"))

    # --- judging --------------------------------------------------------------------------------

    def _judge(self, commands: tuple[Any, ...], predicted: Prediction) -> None:
        """Every command is one that the laws ask for, and none is missing."""
        for command in commands:
            if isinstance(command, cmd.Execute):
                self._judge_execute(command.actor_id)
        for actor in self.actors.values():
            if actor.phase == "idle" and self.open and not actor.paused:
                law("SCHED-02", not actor.line.entries, f"{actor.id} has mail and no Execute")
        others: Prediction = Counter()
        position: dict[tuple[str, str], int] = {}
        for at, command in enumerate(commands):
            name = type(command).__name__.lower()
            if name in ("watch", "unwatch"):
                self._judge_watch(command)
            else:
                position[name, command.actor_id] = at
                if name != "execute":
                    others[name, command.actor_id] += 1
        last = max((at for (name, _), at in position.items() if name == "start"), default=-1)
        for (name, actor_id), at in position.items():
            law("SCHED-07", name == "start" or at > last, f"{name} {actor_id} before a start")
        for name, rule_id in (
            ("start", "SCHED-07"),
            ("restart", "SCHED-62"),
            ("stop", "SCHED-52"),
            ("forget", "SCHED-53"),
            ("escalate", "SCHED-60"),
        ):
            got = {key: n for key, n in others.items() if key[0] == name}
            want = {key: n for key, n in predicted.items() if key[0] == name}
            law(rule_id, got == want, f"{got} instead of {want}")

    def _judge_execute(self, actor_id: str) -> None:
        actor = self.actors.get(actor_id)
        if actor is None:
            raise LawBroken("SCHED-52", f"Execute for {actor_id}, which is gone")
        law("SCHED-01", actor.phase != "active", f"{actor_id} already has an Execute")
        law("SCHED-03", self.open, f"Execute {actor_id} while not open")
        law("SCHED-04", not actor.paused, f"Execute {actor_id} while paused")
        law("SCHED-62", actor.phase != "suspended", f"Execute {actor_id} while suspended")
        law("SCHED-07", actor.phase != "starting", f"Execute {actor_id} before Started")
        law("SCHED-05", actor.line.entries, f"Execute {actor_id} without mail")
        actor.phase = "active"
        actor.took = False

    def _judge_watch(self, command: cmd.Watch | cmd.Unwatch) -> None:
        if isinstance(command, cmd.Watch):
            law("SCHED-10", command.source not in self.watched, "a number watched twice")
            law("SCHED-10", command.trigger.source not in self.watched.values(), "watched twice")
            self.watched[command.source] = command.trigger.source
        else:
            law("SCHED-10", command.source in self.watched, "unwatched, but never watched")
            del self.watched[command.source]

    # --- obeying --------------------------------------------------------------------------------

    def _obey(self, commands: tuple[Any, ...]) -> None:
        for command in commands:
            if isinstance(command, cmd.Execute):
                self.ready[command.actor_id] = 0
                self.dispatching.ready(command.actor_id)
            elif isinstance(command, cmd.Stop | cmd.Forget):
                self._drop(command.actor_id)
            elif isinstance(command, cmd.Start | cmd.Restart):
                self._obey_start(command)

    def _obey_start(self, command: cmd.Start | cmd.Restart) -> None:
        actor = self.actors.get(command.actor_id)
        if actor is None:
            raise LawBroken("SCHED-42", f"{command}, but the actor is gone")
        fate = self.fates.pop(0) if self.fates else "well"
        starting = isinstance(command, cmd.Start)
        if starting:
            actor.started = True
        if fate == "fails":
            self._fail(actor, ERROR)
        elif fate == "exits":
            self._fail(actor, SystemExit("planted"))
        elif fate == "ends":
            self._end(actor)
        elif fate == "removes itself":
            self._forget(actor)
            self.report(sti.Remove(actor.id), about(actor.id, "stop"))
            self.report(sti.Failed(actor.id, ERROR) if starting else sti.Restarted(actor.id))
            self.report(sti.Stopped(actor.id))
        elif not starting:
            actor.phase = "idle"
            self.report(sti.Restarted(actor.id))
        if starting:
            self.posted.append(actor.id)

    # --- dispatching ----------------------------------------------------------------------------

    def _drop(self, actor_id: str) -> None:
        """The actor is gone, or the run is: what it was to execute goes with it."""
        self.ready.pop(actor_id, None)
        self.dispatching.forget(actor_id)

    def _dispatch(self) -> Model | None:
        """Ask the dispatcher who runs now; hold its answer against the laws."""
        actor_id = self.dispatching.next()
        if actor_id is None:
            law("SCHED-81", not self.ready, f"{list(self.ready)} ready, and nobody dispatched")
            return None
        actor = self.actors.get(actor_id)
        if actor is None:
            raise LawBroken("SCHED-83", f"{actor_id} dispatched, which is gone")
        law("SCHED-80", not actor.executing, f"{actor_id} dispatched while it executes")
        law("SCHED-80", actor_id in self.ready, f"{actor_id} dispatched without an Execute")
        for waiting in list(self.ready):
            if waiting == actor_id:
                break
            self.ready[waiting] += 1
            often = self.ready[waiting]
            law("SCHED-82", often <= self.overtaking, f"{waiting} overtaken {often} times")
        del self.ready[actor_id]
        actor.executing = True
        return actor
