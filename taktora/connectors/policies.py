"""Reconnect policies for a process of its own: described, or pickled, and made again there."""

from __future__ import annotations

import base64
import pickle
from typing import Any

from attrs import frozen

from taktora.connectors.reconnect import ExponentialBackoff, ReconnectPolicy
from taktora.connectors.settings import ReconnectSettings
from taktora.errors import InvalidArgument

__all__ = ["PolicyRecipe", "recipe_of"]


@frozen
class PolicyRecipe:
    """How to make a policy, as often as one is needed."""

    backoff: ReconnectSettings | None = None
    pickled: str | None = None
    """Of any other class, in base64."""

    def make(self) -> ReconnectPolicy:
        """A policy that knows nothing of earlier attempts.

        Raises:
            Exception: whatever a class raises that is unpickled.
        """
        if self.pickled is None:
            return (self.backoff or ReconnectSettings()).policy()
        made: ReconnectPolicy = pickle.loads(base64.b64decode(self.pickled))  # noqa: S301 - our own
        return made


def recipe_of(policy: ReconnectPolicy | None) -> PolicyRecipe:
    """The recipe of a policy as it is now; ``None``: of the default one.

    Raises:
        InvalidArgument: it cannot be handed to another process.
    """
    if policy is None:
        return PolicyRecipe(backoff=ReconnectSettings())
    if type(policy) is ExponentialBackoff:
        return PolicyRecipe(backoff=ReconnectSettings(**policy.arguments))
    kind = type(policy)
    if kind.__module__ == "__main__":
        raise InvalidArgument(
            f"reconnect: {kind.__name__} is defined in the program that was started, which another "
            f"process cannot import: move it into a module, or take ExponentialBackoff"
        )
    try:
        pickled = pickle.dumps(policy)
        pickle.loads(pickled)  # noqa: S301 - made in the line above
    except Exception as error:
        raise InvalidArgument(
            f"reconnect: {_shown(policy)} cannot be handed to another process, because it cannot be "
            f"pickled ({error}); take ExponentialBackoff, or keep the gateway here"
        ) from error
    return PolicyRecipe(pickled=base64.b64encode(pickled).decode())


def _shown(policy: Any) -> str:
    text = repr(policy)
    return text if len(text) <= 80 else f"{text[:79]}…"
