"""Who declared which source, and whether what fires reaches them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from taktora.core.triggers import IntervalTrigger, Trigger
from taktora.testing.clockwork import Account
from taktora.testing.mail import Asked
from taktora.time import Nanos

__all__ = ["Sources"]

Key = tuple[str, int]


def _key(source: Any) -> Key:
    return ("fd", source) if isinstance(source, int) else ("object", id(source))


class Sources:
    """Every source that an actor declared."""

    def __init__(self, broken: Callable[[str, str], None]) -> None:
        self._broken = broken
        self._accounts: dict[Key, list[Account]] = {}
        self._watched: dict[int, tuple[Key, Any]] = {}
        self._heard: dict[Key, Any] = {}
        """Sources that were notified and did not fire since; something may wait there."""

    # --- declarations -------------------------------------------------------------------------------

    def declare(self, accounts: Sequence[Account], triggers: Sequence[Trigger]) -> None:
        """An actor declares these."""
        for one, trigger in zip(accounts, triggers, strict=True):
            if not isinstance(trigger, IntervalTrigger):
                self._accounts.setdefault(_key(trigger.source), []).append(one)

    def forget(self, accounts: Sequence[Account]) -> None:
        """An actor has ended."""
        for key in list(self._accounts):
            left = [one for one in self._accounts[key] if one not in accounts]
            if left:
                self._accounts[key] = left
            else:
                del self._accounts[key]
                self._heard.pop(key, None)

    def watch(self, number: int, source: Any) -> None:
        """The scheduler wants to hear of ``source``, as ``number``."""
        key = _key(source)
        self._watched[number] = key, source
        self._heard[key] = source

    def unwatch(self, number: int) -> None:
        """Not any more."""
        self._watched.pop(number, None)

    def check_watched(self) -> None:
        """Break a law unless what is declared is watched, and nothing else is."""
        watched = {key for key, _ in self._watched.values()}
        for key, accounts in self._accounts.items():
            if key not in watched:
                self._broken(
                    "SIM-07",
                    f"nobody watches a source that {accounts[0].owner.actor_id!r} declares",
                )
        for key, source in self._watched.values():
            if key not in self._accounts:
                self._broken("SIM-07", f"{source!r} is watched, and nobody declares it any more")

    # --- firings --------------------------------------------------------------------------------------

    def triggered(self, number: int, now: Nanos, asked: Sequence[Asked]) -> None:
        """Source ``number`` fired, and the scheduler asked for these wake-ups."""
        found = self._watched.get(number)
        if found is None:
            if asked:
                self._broken("SIM-05", f"{asked[0][0].actor_id!r} is woken by what nobody watches")
            return
        accounts = self._accounts.get(found[0], [])
        self._heard.pop(found[0], None)
        for one, wake in zip(accounts, asked, strict=False):
            one.arrived(now)
            mail, fired, _ = wake
            if mail is not one.owner.mail or fired[0].slot != one.slot:
                self._wrong(one)
        if len(asked) < len(accounts):
            self._wrong(accounts[len(asked)])
        elif len(asked) > len(accounts):
            actor_id = asked[len(accounts)][0].actor_id
            self._broken("SIM-05", f"{actor_id!r} is woken by a source that it does not declare")

    def _wrong(self, one: Account) -> None:
        self._broken(
            "SIM-05", f"{one.owner.actor_id!r} declares what fired and is not woken in its turn"
        )

    def rang(self, port: Any, *, delivered: bool) -> None:
        """A waiting port was notified; ``delivered=False``: a fault lost that."""
        if delivered:
            self._heard[_key(port)] = port

    def left_behind(self, actor_id: str, source: Any) -> None:
        """An execution took something from ``source``, and nobody looked whether that was all."""
        if source.wakeup.has_data():
            self._broken(
                "SIM-07",
                f"{actor_id!r} took from {source.name!r}, left more and is not woken again",
            )

    def check_heard(self) -> None:
        """Break a law if data waits although it was announced; everything is at rest."""
        for key, source in list(self._heard.items()):
            if key in self._accounts and key[0] == "object" and source.wakeup.has_data():
                owner = self._accounts[key][0].owner.actor_id
                self._broken(
                    "SIM-07", f"data waits on {source.name!r}, and {owner!r} was never woken for it"
                )
        self._heard.clear()
