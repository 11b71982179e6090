"""The machine's rules about the way out: writers, what they accept and refuse, what arrives outside."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, multiple, precondition, rule

from taktora.errors import TaktoraError
from taktora.testing.arrivals import Sent
from taktora.testing.connector_channels import OutChannel, OutWriter
from taktora.testing.connector_contract import is_named
from taktora.testing.connector_life import MAXIMA, OUT, TIMES, VALUES, ConnectorLife
from taktora.testing.laws import law

__all__ = ["OutRules"]


class OutRules(ConnectorLife):
    """Somebody in the plug-in sends."""

    writers = Bundle("writers")

    @precondition(lambda self: not self._closed)
    @rule(target=writers, name=OUT, maximum=MAXIMA)
    def create_writer(self, name: str, maximum: int) -> Any:
        """One more way out."""
        channel = self._out[name]
        if len(channel.writers) >= self.ports_per_channel:
            return multiple()
        if channel.descriptor is None:
            channel.descriptor, channel.maximum = self.descriptor(name, maximum), maximum
        port = self.connector.create_writer(channel.descriptor, self.value_type)
        return OutWriter(port, channel, channel.maximum)

    @precondition(lambda self: not self._closed)
    @rule(name=OUT, wrong=st.sampled_from([("", 64), (None, 0), (None, -1)]), reads=st.booleans())
    def create_what_cannot_be(self, name: str, wrong: tuple[str | None, int], reads: bool) -> None:
        """A bad descriptor is refused, and nothing comes of it."""
        given, maximum = wrong[0] if wrong[0] is not None else name, wrong[1]
        create = self.connector.create_reader if reads else self.connector.create_writer
        for chances_left in (2, 1, 0):
            before = self._state()
            self._refuses(
                "CONN-13",
                f"a descriptor with name={given!r}, max_payload={maximum}",
                lambda: create(self.descriptor(given, maximum), self.value_type),
            )
            after = self._state()
            if before == after:
                return
            law(
                "CONN-13",
                chances_left and not self.settle(),  # the link may have done it, on another thread
                f"a bad descriptor made health {after}, it was {before}",
            )
            self.wait_until(self._at_ease)

    @rule(
        writer=writers, value=VALUES, correlation_id=st.none() | st.binary(min_size=32, max_size=32)
    )
    def send(self, writer: OutWriter, value: Any, correlation_id: bytes | None) -> None:
        """The plug-in sends."""
        self._send(writer, value, correlation_id)

    @rule(writer=writers, value=VALUES, times=TIMES)
    def send_many(self, writer: OutWriter, value: Any, times: int) -> None:
        """The plug-in sends without waiting for anybody."""
        for _ in range(times):
            self._send(writer, value)

    def _send(self, writer: OutWriter, value: Any, correlation_id: bytes | None = None) -> bool:
        """Whether it was accepted."""
        port = writer.port
        if writer.closed:
            self._refuses("CONN-16", "send", lambda: port.send(value))
            return False
        certain = not self.link_loses_silently or self._surely_up()
        before, counted = self._state(), (port.stats().messages, port.stats().drops)
        options = {} if correlation_id is None else {"correlation_id": correlation_id}
        try:
            outcome = port.send(value, **options)
        except TaktoraError as error:
            states = {before, self._state()}
            self._check_refusal(writer, value, error, states)
            law(
                self._law_of(error),
                counted == (port.stats().messages, port.stats().drops),
                f"send raised {error!r} and yet changed what is counted",
            )
            return False
        states = {before, self._state()}
        law("CONN-10", states != {"Down"}, f"send of {value!r} was accepted while Down")
        if outcome.sent:
            certain = certain and (not self.link_loses_silently or states == {"Up"})
            writer.lane.append(Sent(value, correlation_id, must_arrive=certain))
        writer.check_messages()
        return bool(outcome.sent)

    def _check_refusal(
        self, writer: OutWriter, value: Any, error: TaktoraError, states: set[str]
    ) -> None:
        if is_named(error, "Down"):
            law("CONN-10", states != {"Up"}, f"send raised {error!r} while Up")
        elif is_named(error, "PayloadOverflow"):
            actual, maximum = getattr(error, "actual", 0), getattr(error, "maximum", None)
            law(
                "CONN-12",
                maximum == writer.maximum and actual > maximum,
                f"max_payload is {writer.maximum}, and send raised {error!r} with "
                f"actual={actual}, maximum={maximum}",
            )
        elif is_named(error, "BackPressure"):
            writer.refused[:] = [value]
        elif not is_named(error, "Codec"):
            raise error

    @staticmethod
    def _law_of(error: TaktoraError) -> str:
        if is_named(error, "Down"):
            return "CONN-10"
        return "CONN-11" if is_named(error, "BackPressure") else "CONN-12"

    def _rest_out(self, channel: OutChannel) -> None:
        def accounted() -> bool:
            channel.look(self.outside_received(channel.name))
            if self.latest_only:
                return channel.explanation.missing == 0
            if self.link_loses_silently:
                return channel.uncounted <= 0
            return channel.uncounted == 0

        if not self.wait_until(accounted):
            self._nothing_ever_arrives(channel)
            law(
                "CONN-05",
                False,
                f"{channel.explanation.missing} values are missing on {channel.name!r}, "
                f"{channel.drops} are counted as dropped",
            )
        for writer in channel.writers:
            for value in writer.refused:
                law(
                    "CONN-11",
                    self.wait_until(lambda writer=writer, value=value: self._send(writer, value)),  # type: ignore[misc]
                    f"a writer of {channel.name!r} refuses, though everything it sent has arrived",
                )
            writer.refused.clear()

    def _nothing_ever_arrives(self, channel: OutChannel) -> None:
        """Raise if the channel is not connected at all."""
        writer = next((writer for writer in channel.writers if writer.lane), None)
        if channel.explanation.arrived or writer is None:
            return

        def arrived() -> bool:
            channel.look(self.outside_received(channel.name))
            return channel.explanation.arrived > 0

        value = writer.lane[0].value
        law(
            "CONN-15",
            not self._send(writer, value) or self.wait_until(arrived),
            f"nothing that is sent on {channel.name!r} ever arrives",
        )
