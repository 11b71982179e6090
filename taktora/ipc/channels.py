"""Opening the publish-subscribe service, and the event service beside it, of a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import iceoryx2 as iox

from taktora.ipc import _binding
from taktora.ipc.opening import (
    SPARE_NODES,
    create_with_max_bytes,
    max_bytes_of,
    mismatch,
    open_event,
    open_or_create,
    refuse_other_pattern,
)
from taktora.transport.limits import ChannelLimits, refuse_differences
from taktora.transport.names import CHANNEL_EVENT

if TYPE_CHECKING:
    from taktora.ipc.node import Node
    from taktora.transport.kind import PayloadKind

__all__ = ["open_channel"]


def open_channel(
    node: Node, name: str, kind: PayloadKind, stated: dict[str, Any]
) -> tuple[Any, Any, ChannelLimits]:
    """As :meth:`Medium.open_channel`."""
    refuse_other_pattern(node.config, name, "channel")
    raw = _open(node, name, kind, ChannelLimits(**stated))
    limits = _limits_of(raw, stated.get("max_bytes"))
    refuse_differences(kind.label, stated, limits)
    event = open_event(
        node,
        name + CHANNEL_EVENT,
        notifiers=limits.max_publishers,
        listeners=limits.max_subscribers,
        nodes=raw.static_config.max_nodes,
    )
    return raw, event, limits


def _open(node: Node, name: str, kind: PayloadKind, limits: ChannelLimits) -> Any:
    def create() -> Any:
        builder = (
            _binding.publish_subscribe(node.raw, name, kind)
            .subscriber_max_buffer_size(limits.buffer_size)
            .history_size(limits.history_size)
            .max_publishers(limits.max_publishers)
            .max_subscribers(limits.max_subscribers)
            .subscriber_max_borrowed_samples(limits.max_borrowed)
            .enable_safe_overflow(limits.overflow)
            .max_nodes(limits.max_publishers + limits.max_subscribers + SPARE_NODES)
        )
        return create_with_max_bytes(builder, limits.max_bytes)

    return open_or_create(
        node,
        name,
        iox.MessagingPattern.PublishSubscribe,
        kind.label,
        open_=lambda: _binding.publish_subscribe(node.raw, name, kind).open(),
        create=create,
        mismatch=lambda: mismatch(
            node, name, kind.label, iox.MessagingPattern.PublishSubscribe, (kind,)
        ),
    )


def _limits_of(raw: Any, stated_max_bytes: int | None) -> ChannelLimits:
    config = raw.static_config
    return ChannelLimits(
        buffer_size=config.subscriber_max_buffer_size,
        history_size=config.history_size,
        max_publishers=config.max_publishers,
        max_subscribers=config.max_subscribers,
        max_borrowed=config.subscriber_max_borrowed_samples,
        max_bytes=max_bytes_of(raw, stated_max_bytes),
        overflow=config.has_safe_overflow,
    )
