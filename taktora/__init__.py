"""Work happens when data arrives, on time, and provably in the right order.

The everyday names. Errors: :mod:`taktora.errors`.
"""

from __future__ import annotations

import logging

from taktora.actors.actor import Actor, ActorRef
from taktora.actors.compositions import CompositionRef
from taktora.actors.context import Context
from taktora.actors.declare import TriggerDeclarer
from taktora.actors.flow import ControlFlow
from taktora.actors.graph import GraphBuilder, Vertex
from taktora.actors.item import Item, every, item, on
from taktora.actors.items import ItemRef
from taktora.actors.node import node
from taktora.actors.promise import Promise
from taktora.actors.watchers import Terminated
from taktora.core.budgets import Fault
from taktora.core.identity import ItemId
from taktora.core.mailbox import Overflow
from taktora.core.records import Description
from taktora.core.stimuli import ClearFault, Describe, Pause, Remove, Resume
from taktora.core.supervision import Supervision
from taktora.core.triggers import Fired, MissedTick
from taktora.drivers.thread_attributes import ThreadAttributes
from taktora.errors import (
    ActorDeadError,
    AskTimeout,
    ChannelError,
    ExecutorClosed,
    ExecutorError,
    GraphInvalid,
    ItemFailed,
    MailboxFull,
    TaktoraError,
)
from taktora.executor import Executor
from taktora.ipc import (
    Channel,
    Client,
    Node,
    NotifyOutcome,
    Publisher,
    Sample,
    Server,
    Service,
    Subscriber,
)
from taktora.log import set_log_level
from taktora.observe.counters import ExecutorStats, ItemStats
from taktora.observe.observer import DeadLetter, ExecutionMonitor, Observer
from taktora.observe.several import Monitors, Observers
from taktora.runner import Runner
from taktora.stoppable import Stoppable

__all__ = [
    "Actor",
    "ActorDeadError",
    "ActorRef",
    "AskTimeout",
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
    "MissedTick",
    "Monitors",
    "Node",
    "NotifyOutcome",
    "Observer",
    "Observers",
    "Overflow",
    "Pause",
    "Promise",
    "Publisher",
    "Remove",
    "Resume",
    "Runner",
    "Sample",
    "Server",
    "Service",
    "Stoppable",
    "Subscriber",
    "Supervision",
    "TaktoraError",
    "Terminated",
    "ThreadAttributes",
    "TriggerDeclarer",
    "Vertex",
    "every",
    "item",
    "node",
    "on",
    "set_log_level",
]

__version__ = "0.1.0"

logging.getLogger("taktora").addHandler(logging.NullHandler())
