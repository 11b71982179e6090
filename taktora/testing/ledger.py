"""What the invariants know of one actor."""

from __future__ import annotations

from typing import Any

from taktora.core.stimuli import ActorSpec
from taktora.core.supervision import Directive
from taktora.testing.clockwork import Account
from taktora.testing.edges import Edges
from taktora.testing.mail import Mail

__all__ = ["Ledger"]


class Ledger:
    """One actor, by what was heard of it. Owned by :class:`~taktora.testing.invariants.Invariants`."""

    __slots__ = (
        "accounts",
        "actor_id",
        "away",
        "cell",
        "edges",
        "gone",
        "home",
        "mail",
        "outstanding",
        "passed",
        "paused",
        "running",
        "spec",
        "started",
        "starting",
    )

    spec: ActorSpec
    """What it declared."""

    def __init__(self, cell: Any, mail: Mail) -> None:
        self.cell = cell
        self.actor_id: str = cell.actor_id
        self.mail = mail
        self.accounts: list[Account] = []
        self.passed = 0
        """Slots of its intervals that have passed."""
        self.outstanding = False
        """It was told to execute and has not answered."""
        self.running = False
        """It executes."""
        self.paused = False
        self.starting = False
        """It was told to start and has not answered."""
        self.started = False
        """It was told to start, and did not fail."""
        self.away = False
        """It failed and is to be built anew."""
        self.gone = False
        self.edges: Edges | None = None
        """Of a chain or graph: its runs."""
        self.home: Edges | None = None
        """Of a node: the runs of what it is part of."""

    def __repr__(self) -> str:
        return f"<Ledger of {self.actor_id!r}>"

    @property
    def idle_for_good(self) -> bool:
        """It cannot run before somebody does something about it."""
        return self.paused or self.starting or self.away

    def failed(self) -> None:
        """It raised; perhaps it is built anew now."""
        if self.spec.supervision.directive is Directive.RESTART:
            self.away = True
