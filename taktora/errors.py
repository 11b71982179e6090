"""Every situation that a caller can act on, as one tree.

::

    TaktoraError
    ├── InvalidArgument (ValueError)        a value is out of range or malformed
    ├── WrongType (TypeError)               an argument, payload or return value has the wrong type
    ├── MissingExtra (ImportError)          an optional package is not installed
    ├── InvalidTarget (ValueError)          ``module:function`` names nothing that can build
    ├── ExecutorError
    │   ├── ExecutorClosed                  the executor was closed
    │   ├── ExecutorRunning                 already running: one driver thread at a time
    │   ├── ExecutorNotRunning              a blocking call that nobody would ever answer
    │   ├── ItemFailed                      an item raised; ``item_id``, ``__cause__``
    │   ├── DuplicateItem (ValueError)      same object or same id twice
    │   ├── UnknownItem (KeyError)          no item with that id
    │   ├── InvalidTrigger (ValueError)     a trigger declaration that cannot work
    │   ├── GraphInvalid (ValueError)       a chain or graph that cannot run; ``vertices``
    │   └── ThreadAttributesError (OSError) affinity, priority or slack was refused
    ├── ActorError
    │   ├── ActorDeadError (pykka.ActorDeadError)
    │   ├── AskTimeout (pykka.Timeout, TimeoutError)
    │   ├── MailboxFull                     rejected to the sender
    │   └── BlockingInActor                 waiting for a future on a thread that runs actors
    ├── PoolError
    │   ├── BlockTooLarge (ValueError)      more than one block holds; ``size``, ``maximum``
    │   ├── PoolExhausted                   every block is taken; ``live``, ``capacity``
    │   ├── PoolSealed                      the pool may not grow or be divided any more
    │   ├── BlockGiven (ValueError)         the block was given back before
    │   └── ForeignBlock (ValueError)       the block belongs to another pool or partition
    ├── SimulationError
    │   ├── NotReady                        who was to run next cannot run now; ``ready``
    │   ├── NeverIdle                       a simulation in which there is always something to do
    │   └── NondeterminismError             a replay met something else than what was recorded
    ├── InvariantBroken (AssertionError)    what always holds did not; ``law``
    ├── RecordingError                      a recording cannot be read or written
    │   └── NotARecording (ValueError)      the file is empty, no MCAP, or not taktora's
    ├── MemoryGrew                          a steady state that was not; ``blocks``, ``rss``
    ├── LawBroken (AssertionError)          a numbered rule of ``spec/`` does not hold; ``rule_id``
    ├── InvalidConfig (ValueError)          a configuration file with mistakes; ``problems``
    ├── ConnectorError
    │   ├── CodecError                      a value that cannot be encoded or decoded; ``format``
    │   ├── PayloadOverflow (ValueError)    more bytes than ``max_payload``; ``actual``, ``maximum``
    │   ├── ConnectorDown                   nothing can be sent now; ``reason``
    │   ├── BackPressure                    no room left, for now
    │   ├── InvalidDescriptor (ValueError)  a channel that cannot be
    │   ├── IllegalTransition (ValueError)  a health that cannot follow; ``from_``, ``to``
    │   ├── ConnectorClosed                 the connector was closed
    │   ├── UnknownPlugin (LookupError)     no connector or codec of that name is installed
    │   └── StackError                      the protocol's own library failed; ``__cause__``
    │       └── BusError                    an EtherCAT bus, or a SubDevice of it, did not do as asked
    │           └── SdoAbort                a SubDevice refused an object; ``code``
    └── ChannelError
        ├── InvalidName (ValueError)        channel, service, node or domain name
        ├── UnsupportedPayload (TypeError)  a payload type that cannot live in shared memory
        ├── PayloadMismatch                 the name exists with another payload type
        ├── LimitsMismatch                  the name exists with other limits
        ├── PortLimitReached                no publisher, subscriber, server or client slot left
        ├── PayloadTooLarge (ValueError)    more bytes than ``max_bytes``
        ├── BorrowLimitReached              too many samples or loans held at once
        ├── ReadOnlyPayload (AttributeError, TypeError)  a received payload cannot be written
        ├── PortClosed                      the port or its node was closed
        └── IpcError                        iceoryx2 refused for another reason; ``__cause__``

Each message says what went wrong, with which object, and what to try.
A call that raises one of these has changed nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import pykka

__all__ = [
    "ActorDeadError",
    "ActorError",
    "AskTimeout",
    "BackPressure",
    "BlockGiven",
    "BlockTooLarge",
    "BlockingInActor",
    "BorrowLimitReached",
    "BusError",
    "ChannelError",
    "CodecError",
    "ConnectorClosed",
    "ConnectorDown",
    "ConnectorError",
    "DuplicateItem",
    "ExecutorClosed",
    "ExecutorError",
    "ExecutorNotRunning",
    "ExecutorRunning",
    "ForeignBlock",
    "GraphInvalid",
    "IllegalTransition",
    "InvalidArgument",
    "InvalidConfig",
    "InvalidDescriptor",
    "InvalidName",
    "InvalidTarget",
    "InvalidTrigger",
    "InvariantBroken",
    "IpcError",
    "ItemFailed",
    "LawBroken",
    "LimitsMismatch",
    "MailboxFull",
    "MemoryGrew",
    "MissingExtra",
    "NeverIdle",
    "NondeterminismError",
    "NotReady",
    "NotARecording",
    "PayloadMismatch",
    "PayloadOverflow",
    "PayloadTooLarge",
    "PoolError",
    "PoolExhausted",
    "PoolSealed",
    "PortClosed",
    "PortLimitReached",
    "ReadOnlyPayload",
    "SimulationError",
    "RecordingError",
    "SdoAbort",
    "StackError",
    "TaktoraError",
    "ThreadAttributesError",
    "UnknownItem",
    "UnknownPlugin",
    "UnsupportedPayload",
    "WrongType",
]


class TaktoraError(Exception):
    """Base of every error that taktora raises on purpose."""


class InvalidArgument(TaktoraError, ValueError):
    """A value is out of range or malformed."""


class WrongType(TaktoraError, TypeError):
    """An argument, payload or return value has the wrong type."""


class MissingExtra(TaktoraError, ImportError):
    """An optional package is not installed; the message names the command that installs it."""


class InvalidTarget(TaktoraError, ValueError):
    """``module:function`` on the command line names no function that can build on an executor."""


# --- executor ---------------------------------------------------------------------------------


class ExecutorError(TaktoraError):
    """Base of what goes wrong with an executor and its items."""


class ExecutorClosed(ExecutorError):
    """The executor was closed; make a new one."""


class ExecutorRunning(ExecutorError):
    """The executor is already running: it has one driver thread at a time."""


class ExecutorNotRunning(ExecutorError):
    """A blocking call on an executor that is not running would never be answered."""


class ItemFailed(ExecutorError):
    """An item raised under ``Supervision.stop()``; ``__cause__`` is the original exception."""

    item_id: str
    """Id of the item that failed; in a chain or graph, the node's own."""

    composition: str | None
    """Id of the chain or graph that it is part of."""

    def __init__(self, item_id: str, error: BaseException, composition: str | None = None) -> None:
        part = "" if composition is None else f" (part of {composition!r})"
        super().__init__(f"item {item_id!r}{part} failed: {type(error).__name__}: {error}")
        self.item_id = item_id
        self.composition = composition
        self.__cause__ = error


class SimulationError(TaktoraError):
    """Something that only a simulation can meet."""


class NotReady(SimulationError):
    """Who was to run next cannot run now."""

    ready: tuple[str, ...]
    """Who could."""

    def __init__(self, message: str, ready: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.ready = tuple(ready)


class NeverIdle(SimulationError):
    """There was always something more to do, at one and the same instant."""


class NondeterminismError(SimulationError):
    """A replay met something else than what was recorded: the topology, or the scenario, changed,
    or something in it depends on real time, threads, or the order of a set.
    """


class InvariantBroken(TaktoraError, AssertionError):
    """What always holds did not."""

    law: str
    """Which one, by its number in ``spec/simulation.md``."""

    def __init__(self, law: str, message: str) -> None:
        super().__init__(f"{law}: {message}")
        self.law = law


class DuplicateItem(ExecutorError, ValueError):
    """The same item object, or an id that is taken, was added a second time."""


class UnknownItem(ExecutorError, KeyError):
    """No item has that id."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class InvalidTrigger(ExecutorError, ValueError):
    """A trigger declaration that cannot work."""


class GraphInvalid(ExecutorError, ValueError):
    """A chain or graph that cannot run, and which of its vertices are why."""

    vertices: tuple[str, ...]
    """Names of the offending vertices; a cycle in its order."""

    def __init__(self, message: str, vertices: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.vertices = tuple(vertices)


class ThreadAttributesError(ExecutorError, OSError):
    """The kernel refused an affinity, a real-time priority or a timer slack."""


# --- actors -----------------------------------------------------------------------------------


class ActorError(TaktoraError):
    """Base of what goes wrong between actors."""


class ActorDeadError(ActorError, pykka.ActorDeadError):
    """The actor has stopped and will not handle the message."""


class AskTimeout(ActorError, pykka.Timeout, TimeoutError):
    """No answer came within the given time."""


class MailboxFull(ActorError):
    """The mailbox is at capacity; the message was not accepted."""


class BlockingInActor(ActorError):
    """Waiting for a future on a thread that runs actors could wait for ever."""


# --- bounded memory ---------------------------------------------------------------------------


class PoolError(TaktoraError):
    """Base of what goes wrong with a pool of blocks."""


class BlockTooLarge(PoolError, ValueError):
    """More bytes were asked for than one block of the pool holds."""

    size: int
    """Bytes that were asked for."""
    maximum: int
    """Bytes that one block holds."""

    def __init__(self, size: int, maximum: int, *, pool: str = "the pool") -> None:
        super().__init__(
            f"{size} bytes do not fit in a block of {pool}, which holds {maximum}; make the pool "
            f"with a larger block_size, or send less"
        )
        self.size = size
        self.maximum = maximum


class PoolExhausted(PoolError):
    """Every block of the pool, or of the partition, is taken."""

    live: int
    """Blocks that are taken."""
    capacity: int
    """Blocks that there are."""

    def __init__(self, live: int, capacity: int, *, pool: str = "the pool", hint: str = "") -> None:
        super().__init__(
            f"{live} of the {capacity} blocks of {pool} are taken{hint}; give some back, or make "
            f"it with more blocks"
        )
        self.live = live
        self.capacity = capacity


class PoolSealed(PoolError):
    """The pool was sealed: it may not grow or be divided any more."""


class BlockGiven(PoolError, ValueError):
    """The block was given back before; its memory may be somebody else's by now."""


class ForeignBlock(PoolError, ValueError):
    """The block belongs to another pool or partition."""


# --- record and replay ------------------------------------------------------------------------


class RecordingError(TaktoraError):
    """A recording cannot be read or written."""


class NotARecording(RecordingError, ValueError):
    """The file is empty, no MCAP file, or was not written by taktora."""


# --- memory -----------------------------------------------------------------------------------


class MemoryGrew(TaktoraError):
    """Memory grew beyond what was tolerated, where it should have stayed flat."""

    blocks: int
    """Python memory blocks more than at the mark."""
    rss: int
    """Bytes of resident memory more than at the mark."""

    def __init__(self, message: str, *, blocks: int, rss: int) -> None:
        super().__init__(message)
        self.blocks = blocks
        self.rss = rss


# --- laws ---------------------------------------------------------------------------------------


class LawBroken(TaktoraError, AssertionError):
    """What was tested did what a numbered rule of ``spec/`` forbids."""

    rule_id: str
    """The rule, such as ``SCHED-01``."""

    def __init__(self, rule_id: str, detail: object) -> None:
        super().__init__(f"{rule_id}: {detail}")
        self.rule_id = rule_id


# --- configuration and connectors ---------------------------------------------------------------


class InvalidConfig(TaktoraError, ValueError):
    """A configuration has mistakes; all of them are told at once."""

    source: str
    """Which configuration: the name of its file."""
    problems: tuple[str, ...]
    """Each with the path to where it is: ``connectors[1].channels[0].max_payload: ...``."""

    def __init__(self, source: str, problems: Iterable[str]) -> None:
        self.source = source
        self.problems = tuple(problems)
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(f"{source}:{lines}")


class ConnectorError(TaktoraError):
    """Base of what goes wrong with connectors, their channels and codecs."""


class CodecError(ConnectorError):
    """A value cannot be encoded, or bytes cannot be decoded as the type that was asked for."""

    format: str
    """Name of the format, such as ``json``."""
    reason: str
    """What is wrong with the value or the bytes."""

    def __init__(self, format: str, reason: str) -> None:
        super().__init__(f"{format}: {reason}")
        self.format = format
        self.reason = reason


class PayloadOverflow(ConnectorError, ValueError):
    """A value needs more bytes than there are."""

    actual: int
    """Bytes that it needs; where a codec cannot tell, one more than there are."""
    maximum: int
    """Bytes that there are."""

    def __init__(
        self, actual: int, maximum: int, what: str = "the payload", *, text: str | None = None
    ) -> None:
        super().__init__(
            f"{what} needs {actual} bytes, and max_payload is {maximum}; give the channel's "
            f"descriptor a larger one, or send less"
            if text is None
            else text
        )
        self.actual = actual
        self.maximum = maximum


class ConnectorDown(ConnectorError):
    """Nothing can be sent now: the connector's link, or its gateway, is gone."""

    reason: str
    """Why."""

    def __init__(self, reason: str, connector: str = "the connector") -> None:
        super().__init__(f"{connector} is down: {reason}")
        self.reason = reason


class BackPressure(ConnectorError):
    """There is no room left for one more value; there will be once some have gone on."""


class InvalidDescriptor(ConnectorError, ValueError):
    """A channel descriptor with an impossible name, routing or size."""


class IllegalTransition(ConnectorError, ValueError):
    """A health that may not follow the present one; nothing has changed."""

    from_: object
    """The health that is."""
    to: object
    """The health that may not follow it."""

    def __init__(self, from_: object, to: object, legal: Iterable[str]) -> None:
        names = type(from_).__name__, type(to).__name__
        super().__init__(
            f"{names[1]} may not follow {names[0]}; what may: {', '.join(sorted(legal))}"
        )
        self.from_ = from_
        self.to = to


class ConnectorClosed(ConnectorError):
    """The connector was closed; make a new one."""


class UnknownPlugin(ConnectorError, LookupError):
    """No connector, or codec, of that name is installed."""


class StackError(ConnectorError):
    """The library of a connector's protocol failed; see ``__cause__``."""


# --- channels and services --------------------------------------------------------------------


class BusError(StackError):
    """An EtherCAT bus, or one SubDevice of it, did not do as asked; the text says which, and what to look at."""


class SdoAbort(BusError):
    """A SubDevice refused to read or write an object (SDO abort, CiA 301 and ETG.1000.6).

    Attributes:
        position: of the SubDevice on the wire, from 1.
        index, subindex: of the object.
        code: abort code, such as ``0x06020000``: the object does not exist.
        text: the code in words.
    """

    def __init__(self, position: int, index: int, subindex: int, code: int, text: str) -> None:
        super().__init__(
            f"SubDevice {position} refused object 0x{index:04X}:{subindex:02X}: {text} "
            f"(abort code 0x{code:08X})"
        )
        self.position = position
        self.index = index
        self.subindex = subindex
        self.code = code
        self.text = text


class ChannelError(TaktoraError):
    """Base of what goes wrong with channels and services."""


class InvalidName(ChannelError, ValueError):
    """A channel, service, node or domain name that iceoryx2 cannot use."""


class UnsupportedPayload(ChannelError, TypeError):
    """A payload type that cannot live in shared memory."""


class PayloadMismatch(ChannelError):
    """The name is in use with another payload type or another messaging pattern."""


class LimitsMismatch(ChannelError):
    """The name is in use with other limits."""


class PortLimitReached(ChannelError):
    """Every publisher, subscriber, server, client or node slot of the name is taken."""


class PayloadTooLarge(ChannelError, ValueError):
    """More bytes than the channel's ``max_bytes``."""


class BorrowLimitReached(ChannelError):
    """Too many samples, responses or loans are held at the same time."""


class ReadOnlyPayload(ChannelError, AttributeError, TypeError):
    """A received payload is shared with other readers and cannot be written."""


class PortClosed(ChannelError):
    """The port, or the node that it belongs to, was closed."""


class IpcError(ChannelError):
    """iceoryx2 refused for a reason that has no class of its own; see ``__cause__``."""
