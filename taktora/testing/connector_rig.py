"""What somebody who tests a connector gives to the machine: how to open it, and the world outside."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from hypothesis import strategies as st

from taktora.connectors.descriptor import ChannelDescriptor
from taktora.testing.connector_contract import Connector, Reader
from taktora.testing.connector_waiting import Waiting, Wakeups

__all__ = ["ConnectorRig"]


class ConnectorRig:
    """The part of ``ConnectorMachine`` that a subclass fills in. Every method is called on one thread.

    Must be given: :meth:`open`, :meth:`outside_send`, :meth:`outside_received`, :meth:`break_link`,
    :meth:`mend_link`. Everything else has a default.
    """

    executor: Any = None
    """What :meth:`register` registers with; :meth:`open` sets it."""

    values: ClassVar[st.SearchStrategy[Any]] = st.one_of(
        st.binary(max_size=12),
        st.binary(min_size=5, max_size=12),  # too much for some of the channels
        st.binary(max_size=8).map(lambda text: text + b"\0"),  # which some take for padding
    )
    """What is sent, both ways."""
    value_type: ClassVar[Any] = bytes
    """The type that writers and readers are made for."""
    max_payloads: ClassVar[st.SearchStrategy[int]] = st.sampled_from([4, 64, 4096])
    """``max_payload`` of descriptors; some of them too small for some values."""
    out_channels: ClassVar[Sequence[str]] = ("out/a", "out/b")
    """Names of channels to the outside."""
    in_channels: ClassVar[Sequence[str]] = ("in/a", "in/b")
    """Names of channels from the outside."""
    ports_per_channel: ClassVar[int] = 2
    """Writers, or readers, of one channel at a time."""
    burst: ClassVar[int] = 100
    """Most values that are sent without waiting."""
    patience: ClassVar[float] = 60.0
    """Seconds (virtual ones in a simulation) within which anything that has to come comes."""
    pauses: ClassVar[Sequence[float]] = (0.001, 0.05, 1.0)
    """Seconds for which nobody does anything."""
    latest_only: ClassVar[bool] = False
    """The link carries the latest value only, as a process image does: older ones are overtaken."""
    link_loses_silently: ClassVar[bool] = False
    """What is under way when the link breaks may be lost without anybody being able to count it."""
    damage_is_reported: ClassVar[bool] = True
    """A damaged frame makes health Degraded, if only for a moment."""

    # --- must be given ----------------------------------------------------------------------------

    def open(self) -> Connector:
        """A new connector, not registered, and an outside world in which nothing has happened.

        The link is whole. Called again after the connector has been closed.
        """
        raise NotImplementedError(f"{type(self).__name__} must define open()")

    def descriptor(self, name: str, max_payload: int) -> Any:
        """The ``ChannelDescriptor`` of a channel; also called with values that it must refuse.

        Default: one without a routing.
        """
        return ChannelDescriptor(name, max_payload=max_payload)

    def outside_send(self, channel: str, value: Any) -> None:
        """Somebody outside sends ``value`` to the plug-in's readers of ``channel``."""
        raise NotImplementedError(f"{type(self).__name__} must define outside_send()")

    def outside_received(self, channel: str) -> Sequence[Any]:
        """Everything that has arrived outside on ``channel`` since :meth:`open`, oldest first.

        Values, or :class:`~taktora.testing.connector_contract.Arrival` where more is known.
        """
        raise NotImplementedError(f"{type(self).__name__} must define outside_received()")

    def break_link(self) -> None:
        """Cut the connection to the outside."""
        raise NotImplementedError(f"{type(self).__name__} must define break_link()")

    def mend_link(self) -> None:
        """Make the connection possible again."""
        raise NotImplementedError(f"{type(self).__name__} must define mend_link()")

    # --- may be given -----------------------------------------------------------------------------

    def corrupt(self, channel: str, value: Any) -> None:
        """Somebody outside sends ``value``, and it is damaged on its way; default: not tried."""
        raise NotImplementedError

    def damage_counted(self, channel: str, reader: Reader) -> int:  # noqa: ARG002
        """How many damaged frames are counted; default: by the reader."""
        stats = reader.stats()
        return stats.crc_errors + stats.decode_errors

    def same(self, sent: Any, received: Any) -> bool:
        """Whether a value arrived unchanged; default: same type, and equal."""
        return type(sent) is type(received) and bool(sent == received)

    def register(self, connector: Connector) -> None:
        """Have the connector driven; default: ``connector.register_with(self.executor)``."""
        connector.register_with(self.executor)

    def wakeups(self, reader: Reader) -> Callable[[], int] | None:
        """How often whatever waits for ``reader`` was woken; ``None``: not checked.

        Default: an item of :attr:`executor` waits, if that is a simulated one and the reader is a
        port. On threads see :meth:`waiting`.
        """
        if not self._simulated or not hasattr(reader, "wakeup"):
            return None
        return Wakeups(self.executor, reader)

    def waiting(self, make_reader: Callable[[], Reader]) -> Waiting | None:
        """Somebody on another thread who waits, by a reader of its own; ``None``: not checked.

        Default: an item of :attr:`executor`, if that is a real one and readers are ports.
        """
        if self.executor is None or self._simulated:
            return None
        reader = make_reader()
        return Waiting(self.executor, reader) if hasattr(reader, "wakeup") else None

    def settle(self) -> bool:
        """Let everything arrive that is under way; ``False``: nobody can tell when it has.

        Default: whatever the simulated executor can do at this instant, else ``False``.
        """
        if not self._simulated:
            return False
        self.executor.run_until_idle()
        return True

    def pass_time(self, seconds: float) -> None:
        """Let time pass; default: virtual time of a simulated executor, else real time."""
        if hasattr(self.executor, "advance"):
            self.executor.advance(seconds)
        else:
            time.sleep(seconds)

    def shut(self) -> None:
        """Release the executor and the world outside. Called after the connector was closed.

        Default: closes the executor, if there is one.
        """
        if self.executor is not None:
            self.executor.close()

    @property
    def corrupts(self) -> bool:
        """Whether :meth:`corrupt` can be called; default: if a subclass has it."""
        return type(self).corrupt is not ConnectorRig.corrupt

    @property
    def _simulated(self) -> bool:
        return hasattr(self.executor, "run_until_idle")

    # --- for rules ----------------------------------------------------------------------------------

    def wait_until(self, condition: Callable[[], object]) -> bool:
        """Go on until ``condition()`` is true, for at most :attr:`patience`; whether it is."""
        pause, waited = min(0.01, self.patience / 10), 0.0
        while True:
            self.settle()
            if condition():
                return True
            if waited >= self.patience:
                return False
            self.pass_time(pause)
            waited += pause
            pause = min(pause * 1.5, self.patience / 10)
