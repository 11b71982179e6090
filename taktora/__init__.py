"""Work happens when data arrives, on time, and provably in the right order.

The everyday names. Errors: :mod:`taktora.errors`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from taktora.actors import signal_slot
from taktora.actors.actor import Actor, ActorRef
from taktora.actors.compositions import CompositionRef
from taktora.actors.conditional import conditional
from taktora.actors.context import Context
from taktora.actors.declare import TriggerDeclarer
from taktora.actors.flow import ControlFlow
from taktora.actors.graph import GraphBuilder, Vertex
from taktora.actors.item import Item, every, item, on
from taktora.actors.items import ItemRef
from taktora.actors.node import node
from taktora.actors.promise import Promise
from taktora.actors.signal_slot import SignalItem, SlotItem, TakePolicy
from taktora.actors.watchers import Terminated
from taktora.core.budgets import Fault
from taktora.core.identity import ItemId
from taktora.core.mailbox import Overflow
from taktora.core.records import Description
from taktora.core.stimuli import ClearFault, Describe, Pause, Remove, Resume
from taktora.core.supervision import Supervision
from taktora.core.triggers import Fired, MissedTick
from taktora.errors import (
    ActorDeadError,
    AskTimeout,
    BlockTooLarge,
    ChannelError,
    ExecutorClosed,
    ExecutorError,
    GraphInvalid,
    ItemFailed,
    MailboxFull,
    MemoryGrew,
    PoolExhausted,
    PoolSealed,
    TaktoraError,
)
from taktora.memory import AllocationGuard, Block, BlockPool, Partition, PoolStats
from taktora.observe.counters import ExecutorStats, ItemStats
from taktora.observe.observer import DeadLetter, ExecutionMonitor, Observer
from taktora.observe.several import Monitors, Observers
from taktora.stoppable import Stoppable
from taktora.topology import Topology
from taktora.transport.channel import Channel
from taktora.transport.client import Client
from taktora.transport.outcome import NotifyOutcome
from taktora.transport.publisher import Publisher
from taktora.transport.received import Sample
from taktora.transport.server import Server
from taktora.transport.service import Service
from taktora.transport.subscriber import Subscriber

if TYPE_CHECKING:
    from taktora.drivers.thread_attributes import ThreadAttributes
    from taktora.executor import Executor
    from taktora.ipc.node import Node
    from taktora.log import set_log_level
    from taktora.runner import Runner

__all__ = [
    "Actor",
    "ActorDeadError",
    "ActorRef",
    "AllocationGuard",
    "AskTimeout",
    "Block",
    "BlockPool",
    "BlockTooLarge",
    "Channel",
    "ChannelError",
    "ClearFault",
    "Client",
    "CompositionRef",
    "Context",
    "ControlFlow",
    "DeadLetter",
    "Describe",
    "Description",
    "ExecutionMonitor",
    "Executor",
    "ExecutorClosed",
    "ExecutorError",
    "ExecutorStats",
    "Fault",
    "Fired",
    "GraphBuilder",
    "GraphInvalid",
    "Item",
    "ItemFailed",
    "ItemId",
    "ItemRef",
    "ItemStats",
    "MailboxFull",
    "MemoryGrew",
    "MissedTick",
    "Monitors",
    "Node",
    "NotifyOutcome",
    "Observer",
    "Observers",
    "Overflow",
    "Partition",
    "Pause",
    "PoolExhausted",
    "PoolSealed",
    "PoolStats",
    "Promise",
    "Publisher",
    "Remove",
    "Resume",
    "Runner",
    "Sample",
    "Server",
    "Service",
    "SignalItem",
    "SlotItem",
    "Stoppable",
    "Subscriber",
    "Supervision",
    "TakePolicy",
    "TaktoraError",
    "Terminated",
    "ThreadAttributes",
    "Topology",
    "TriggerDeclarer",
    "Vertex",
    "conditional",
    "every",
    "item",
    "node",
    "on",
    "set_log_level",
    "signal_slot",
]

__version__ = "0.1.0"

logging.getLogger("taktora").addHandler(logging.NullHandler())

_ON_DEMAND: Final = {
    "Executor": "taktora.executor",
    "Node": "taktora.ipc.node",
    "Runner": "taktora.runner",
    "ThreadAttributes": "taktora.drivers.thread_attributes",
    "set_log_level": "taktora.log",
}
"""Names that bring iceoryx2 along, which a simulation does without, and where they are."""


def __getattr__(name: str) -> Any:
    """Import what needs iceoryx2 when it is first asked for."""
    module = _ON_DEMAND.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(module), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
