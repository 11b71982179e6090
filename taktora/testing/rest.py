"""What holds when nothing can happen any more before time passes: nobody was forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taktora.testing.clockwork import Interval

if TYPE_CHECKING:
    from taktora.testing.invariants import Invariants
    from taktora.testing.ledger import Ledger

__all__ = ["check_rest"]


def check_rest(laws: Invariants) -> None:
    """Break the laws that can be judged now: the sums always, what is due only at rest."""
    for ledger in laws.ledgers.values():
        ledger.mail.balance(ledger.cell.inbox)
        _check_slots(laws, ledger)
    laws.sources.check_watched()
    if not laws.driver.at_rest:
        return
    laws.sources.check_heard()
    if laws.running:
        overdue = laws.clockwork.overdue(laws.driver.now)
        if overdue is not None:
            law = "SIM-08" if overdue.kind == "interval" else "SIM-10"
            laws.broken(
                law,
                f"{overdue.owner.actor_id!r} waits for {overdue.kind!r}, due at "
                f"{overdue.due / 1e9:.9f} s",
            )
        _check_end(laws)
    for ledger in laws.ledgers.values():
        _check_idle(laws, ledger)


def _check_slots(laws: Invariants, ledger: Ledger) -> None:
    if not any(type(one) is Interval for one in ledger.accounts):
        return
    skipped = laws.scheduler.skipped(ledger.actor_id)
    ran, waiting = ledger.mail.ran_ticks, ledger.mail.ticks_waiting
    if ledger.passed != ran + skipped + waiting:
        laws.broken(
            "SIM-09",
            f"{ledger.passed} slots of {ledger.actor_id!r} have passed, but {ran} were run for, "
            f"{skipped} skipped, {waiting} wait",
        )


def _check_end(laws: Invariants) -> None:
    if laws.open or any(ledger.outstanding for ledger in laws.ledgers.values()):
        return
    if not laws.scheduler.finished:
        laws.broken("SIM-14", "a stop was asked for, nobody executes, and the run does not end")


def _check_idle(laws: Invariants, ledger: Ledger) -> None:
    actor_id, edges, home = ledger.actor_id, ledger.edges, ledger.home
    if edges is not None:
        stuck = edges.stuck()
        if stuck is not None:
            laws.broken("SIM-18", f"the run of {actor_id!r} does not go on: {stuck}")
    if ledger.running:  # its answer comes later
        return
    if ledger.outstanding and (edges is None or not edges.under_way):
        laws.broken("SIM-18", f"{actor_id!r} was told to execute and does not")
    if not laws.open or ledger.outstanding or ledger.idle_for_good or not ledger.cell.inbox:
        if ledger.away and laws.open and laws.scheduler.next_due() is None:
            laws.broken("SIM-18", f"{actor_id!r} has failed and is never built anew")
        return
    if edges is not None and any(
        one.idle_for_good or (edges.walked and one.running) for one in edges.members
    ):
        return  # its next run waits for them
    if home is not None and home.walked and (home.front.running or home.front.outstanding):
        return
    laws.broken("SIM-18", f"{actor_id!r} has mail, nothing is in its way, and it does not run")
