"""Actors on pykka's implementor hooks: our inbox, our future, our loop.

The only file that imports pykka's private parts: ``_ActorStop``, ``get_attr_directly`` and the ``_handle_receive`` method. ``tests/actors/test_pykka_private_parts.py`` holds their shape, and
``pyproject.toml`` pins ``pykka>=4.5,<5``.

What differs from pykka, on purpose:

* Nobody stops actors but their executor: they are not in pykka's global registry, and an
  exception, whatever its class, never stops the actors of somebody else.
* An ask can not be lost in the gap between "is it alive?" and "put": a closed mailbox answers.
* A full mailbox rejects to the sender (``MailboxFull``) instead of blocking it.
"""

from __future__ import annotations

import logging
import queue
import threading
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, overload

import pykka
from pykka._introspection import get_attr_directly
from pykka.messages import ProxyCall, ProxyGetAttr, ProxySetAttr, _ActorStop

from taktora.actors.blocking import refuse_to_block
from taktora.actors.inbox import Inbox
from taktora.actors.promise import Promise, to_seconds
from taktora.core.mailbox import Closed, Rejected
from taktora.drivers.waker import waker_of_this_thread
from taktora.errors import ActorDeadError, ActorError, MailboxFull

__all__ = [
    "PROXY_MESSAGES",
    "Actor",
    "ActorRef",
    "Entry",
    "Home",
    "answer_dead",
    "answer_full",
    "handle_proxy",
    "is_stop",
]

logger = logging.getLogger("taktora")

A = TypeVar("A", bound="Actor")

Entry = tuple[Any, "Promise[Any] | None"]
"""What lies in an inbox: a message, and the promise of whoever asked (a plain tuple: pykka's
envelope class costs more to make than the message costs to deliver)."""


class Home(Protocol):
    """What a ref needs of the executor that its actor lives in."""

    expecting: set[Promise[Any]]
    """Whom to nudge when the run ends: somebody sleeps until they are settled."""

    def check_answerable(self, ref: ActorRef[Any]) -> None:
        """Raise if an ask without a timeout would wait for ever."""

    def stop_at_rest(self, ref: ActorRef[Any]) -> bool:
        """Stop the actor here and now if no driver is running; ``False`` if one is."""

    def watch(self, watcher: ActorRef[Any], target: ActorRef[Any]) -> None:
        """Tell ``watcher`` when ``target``, which lives here, has ended."""

    def unwatch(self, watcher: ActorRef[Any], target: ActorRef[Any]) -> None:
        """Do not, after all."""

    def lost(self, ref: ActorRef[Any], message: Any, reason: str) -> None:
        """A message to an actor that lives here will never be handled."""


class ActorRef(pykka.ActorRef[A]):
    """The safe handle of an actor: may be passed around between threads."""

    home: Home | None = None
    item_id: str = ""
    """The actor's id in its executor."""
    new_promise: Callable[[], Promise[Any]] = Promise
    """What an ask is answered with; a simulation has its own kind."""

    def tell(self, message: Any) -> None:
        """Put ``message`` into the mailbox. Never blocks. Any thread.

        Raises:
            ActorDeadError: the actor has stopped, or was asked to.
            MailboxFull: the mailbox is at capacity and its policy is to reject.
        """
        result = self.actor_inbox.put((message, None))
        if result is not None:
            error = self._refusal(result)
            if error is not None:
                raise error

    @overload
    def ask(
        self, message: Any, *, block: Literal[False], timeout: float | None = None
    ) -> Promise[Any]: ...
    @overload
    def ask(
        self, message: Any, *, block: Literal[True] = True, timeout: float | None = None
    ) -> Any: ...
    @overload
    def ask(self, message: Any, *, block: bool = True, timeout: float | None = None) -> Any: ...

    def ask(self, message: Any, *, block: bool = True, timeout: float | None = None) -> Any:
        """Put ``message`` into the mailbox and return the answer, or a future of it.

        With ``block=False`` returns a :class:`Promise` at once. Otherwise waits up to ``timeout``
        seconds (``None``: as long as it takes).

        Raises:
            ActorDeadError: the actor has stopped, or stops before it handles the message.
            MailboxFull: the mailbox is at capacity (or the message was dropped by its policy).
            AskTimeout: no answer in time.
            ExecutorNotRunning: nobody would ever answer, and no timeout was given.
            BlockingInActor: called on a thread that runs actors; use ``block=False``.
            WrongType, InvalidArgument: ``timeout`` is no duration.
            Exception: whatever the actor raised while handling the message.

        Only ``AskTimeout``, and an ``ExecutorNotRunning`` because the run ended meanwhile, leave
        the message in the mailbox.
        """
        promise = self.new_promise()
        home = None
        if block:
            timeout = to_seconds(timeout)
            self._check_wait(timeout)
            if timeout is None and self.home is not None:
                home = self.home
                promise.expect()
        result = self.actor_inbox.put((message, promise))
        if result is not None:
            error = self._refusal(result)
            if error is not None:
                promise.fail(error)
        if not block:
            return promise
        if home is not None:
            self._wait(promise, home.check_answerable, home)
        return promise.get(timeout=timeout)

    @overload  # type: ignore[override]  # our future knows more than pykka's
    def stop(self, *, block: Literal[False], timeout: float | None = None) -> Promise[bool]: ...
    @overload
    def stop(self, *, block: Literal[True], timeout: float | None = None) -> bool: ...
    @overload
    def stop(self, *, block: bool = True, timeout: float | None = None) -> bool | Promise[bool]: ...

    def stop(self, *, block: bool = True, timeout: float | None = None) -> bool | Promise[bool]:
        """Ask the actor to stop after what is in its mailbox; nothing gets in after this call.

        Returns ``True`` if it is stopped or was being stopped, ``False`` if it was already dead;
        with ``block=False`` a future of that. While the executor is not running, the actor is
        stopped at once and its waiting messages are dead letters.

        Raises:
            BlockingInActor: called on a thread that runs actors; use ``block=False``.
            AskTimeout: not stopped in time; it will be.
        """
        timeout = to_seconds(timeout)
        at_rest = self.home is not None and self.home.stop_at_rest(self)
        if block and not at_rest and self.is_alive():
            refuse_to_block()
        promise: Promise[bool] = self.new_promise()
        home = self.home if block and timeout is None else None
        if home is not None:
            promise.expect()
        if at_rest:
            promise.set(True)
        else:
            asked: Promise[Any] = Promise()
            if type(self.actor_inbox.put_final((_ActorStop(), asked))) is Closed:
                promise.set(False)
            else:
                asked.add_done_callback(lambda _: promise.set(True))
        if not block:
            return promise
        if home is not None:
            self._wait(promise, home.stop_at_rest, home)
        return promise.get(timeout=timeout)

    def proxy(self) -> Any:
        """A pykka proxy: attributes and methods of the actor (or of the item) as futures.

        Raises:
            ActorDeadError: the actor has stopped.
        """
        if not self.is_alive():
            raise ActorDeadError(f"{self} has stopped")
        return pykka.ActorProxy(actor_ref=self)

    def _check_wait(self, timeout: float | None) -> None:
        """Raise, before anything is sent, if waiting for the answer cannot work."""
        if not self.is_alive():  # it answers at once: ActorDeadError
            return
        if timeout is None or timeout > 0:
            refuse_to_block()
        if timeout is None and self.home is not None:
            self.home.check_answerable(self)

    def _wait(
        self, promise: Promise[Any], look: Callable[[ActorRef[Any]], object], home: Home
    ) -> None:
        """Sleep as long as it takes; ``look`` first, and again when the run ends meanwhile."""
        waker = waker_of_this_thread()
        home.expecting.add(promise)
        try:
            while not promise.done:
                look(self)
                if not promise.done:
                    waker.sleep()
        finally:
            home.expecting.discard(promise)

    def _refusal(self, result: Any) -> Exception | None:
        if type(result) is Closed:
            return ActorDeadError(f"{self} has stopped (or was asked to) and takes no messages")
        if type(result) is Rejected:
            return MailboxFull(
                f"the mailbox of {self} holds {result.depth} messages and takes no more: send "
                "less, or give it a larger mailbox_capacity or an overflow policy that drops"
            )
        return None

    if TYPE_CHECKING:
        actor_inbox: Inbox  # type: ignore[assignment]  # holds tuples, not pykka's envelopes


class Actor(pykka.Actor):
    """A pykka actor that an executor runs. Write it as for pykka; ``executor.spawn`` starts it."""

    @staticmethod
    def _create_actor_inbox() -> Inbox:  # type: ignore[override]  # holds tuples, not envelopes
        return Inbox()

    @staticmethod
    def _create_future() -> Promise[Any]:
        return Promise()

    def _start_actor_loop(self) -> None:
        self._announce()

    _announce: Callable[[], None]
    """Given by the executor: tells its scheduler that the actor is wired and may run."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        self.actor_urn = uuid.uuid4().urn
        self.actor_inbox = self._create_actor_inbox()
        self.actor_stopped = threading.Event()
        self._actor_ref = self._create_ref()

    def _create_ref(self) -> ActorRef[Any]:
        return ActorRef(self)

    @classmethod
    def start(cls, *_args: Any, **_kwargs: Any) -> Any:
        """Not this way: an actor needs an executor to run it.

        Raises:
            ActorError: always; says what to call instead.
        """
        raise ActorError(
            f"{cls.__name__} runs on an executor: use executor.spawn({cls.__name__}, ...) "
            "instead of .start()"
        )

    def stop(self) -> None:
        """Stop after what is in the mailbox; as ``actor_ref.stop(block=False)``."""
        self.actor_ref.stop(block=False)

    def _end(self) -> None:
        """Be dead, then clean up: what pykka's ``_stop`` does, without its global registry."""
        self.actor_stopped.set()
        logger.debug("Stopped %s", self)
        try:
            self.on_stop()
        except BaseException:  # a hook must not take a worker down
            logger.exception("on_stop of %s raised", self)

    def _fail(self, error: BaseException, *, starting: bool = False) -> None:
        """An unhandled exception ends this actor, and this one only."""
        info = (type(error), error, error.__traceback__)
        logger.error("Unhandled exception in %s:", self, exc_info=info)
        self.actor_stopped.set()
        if starting:  # pykka calls on_failure only for messages
            return
        try:
            self.on_failure(*info)
        except BaseException:  # a hook must not take a worker down
            logger.exception("on_failure of %s raised", self)

    if TYPE_CHECKING:
        actor_inbox: Inbox  # type: ignore[assignment]  # holds tuples, not pykka's envelopes

        @property
        def actor_ref(self) -> Any:
            """The actor's own :class:`ActorRef`."""


def is_stop(message: Any) -> bool:
    """Whether ``message`` is pykka's request to stop."""
    return type(message) is _ActorStop


def answer_dead(entry: Entry, who: str) -> bool:
    """Answer an entry that will never be handled; ``True`` if somebody was waiting for it."""
    message, promise = entry
    if promise is None:
        return False
    try:
        if is_stop(message):
            promise.set(None)
        else:
            promise.fail(ActorDeadError(f"{who} stopped before handling the message"))
    except queue.Full:  # the asker settled its own future; nobody waits any more
        return False
    return True


def answer_full(entry: Entry, who: str, reason: str) -> bool:
    """Answer an entry that a full mailbox dropped; ``True`` if somebody was waiting for it."""
    _, promise = entry
    if promise is None:
        return False
    try:
        promise.fail(MailboxFull(f"the message to {who!r} was dropped: {reason}"))
    except queue.Full:  # the asker settled its own future; nobody waits any more
        return False
    return True


def handle_proxy(root: Any, message: Any) -> Any:
    """Carry out a pykka proxy message on ``root``: call, get or set one of its attributes."""
    if type(message) is ProxyCall:
        return get_attr_directly(root, message.attr_path)(*message.args, **message.kwargs)
    if type(message) is ProxyGetAttr:
        return get_attr_directly(root, message.attr_path)
    parent = get_attr_directly(root, message.attr_path[:-1])
    return setattr(parent, message.attr_path[-1], message.value)


PROXY_MESSAGES = (ProxyCall, ProxyGetAttr, ProxySetAttr)
"""Message types that :func:`handle_proxy` carries out."""
