"""A SubDevice of one's own in Python: signals declared, and one method that is called once per cycle::

    from taktora.segment import OwnDevice, Signal

    class Heater(OwnDevice):
        outputs = (Signal("power", "u16"), Signal("on", "bool"))
        inputs = (Signal("temperature", "i16"),)

        def cycle(self, outputs, now):
            self.heat += outputs["power"] if outputs["on"] else -1
            return {"temperature": self.heat // 100}

A mistake in it is one SubDevice in SAFE-OP with an error, and a report; the others go on.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from attrs import frozen

from taktora.errors import InvalidArgument, WrongType
from taktora.segment.coe_device import CoeDevice
from taktora.segment.data_types import Value, check_value
from taktora.segment.device import ApplicationFailed, Identity
from taktora.segment.identities import VENDOR, Kind
from taktora.segment.objects import Access
from taktora.segment.signals import Signal, any_of, signal_objects, signal_side
from taktora.time import Nanos

__all__ = ["NoOptions", "OwnDevice"]

logger = logging.getLogger("taktora")

_OUTPUTS, _INPUTS, _PARAMETERS = 0x7000, 0x6000, 0x8000
_OP: Final = 8


@frozen
class NoOptions:
    """Nothing to set."""


class OwnDevice(CoeDevice):
    """The base of such devices. :meth:`cycle` is called by one thread.

    Args:
        options: of the class's own ``Options``; default: as that has them.
        identity: default: by the class, its signals and parameters.
        mailbox_bytes: size of each of the two mailboxes.

    Raises:
        InvalidArgument, WrongType: declarations that cannot be.
    """

    outputs: ClassVar[tuple[Signal, ...]] = ()
    """From the MainDevice, in this order in the process data."""
    inputs: ClassVar[tuple[Signal, ...]] = ()
    """To the MainDevice."""
    parameters: ClassVar[tuple[Signal, ...]] = ()
    """What the MainDevice may read and write by SDO, at 0x8000; see :meth:`parameter`."""
    Options: ClassVar[type[Any]] = NoOptions
    """An attrs class: what a segment file may say under ``options``."""

    def __init__(
        self,
        options: Any = None,
        *,
        identity: Identity | None = None,
        mailbox_bytes: int = 128,
    ) -> None:
        own = type(self)
        if options is not None and not isinstance(options, own.Options):
            raise WrongType(f"{own.__name__} takes {own.Options.__name__}, not {options!r}")
        self.options = own.Options() if options is None else options
        self.failure: str | None = None
        """What went wrong in :meth:`cycle`, until the MainDevice takes it up again."""
        self._reported: str | None = None
        self._out, self._in = any_of(own.outputs), any_of(own.inputs)
        self._parameters = {one.name: n for n, one in enumerate(any_of(own.parameters), 1)}
        self._at = {one.name: n for n, one in enumerate(self._in, 1)}
        super().__init__(
            identity or self._identity(),
            [
                *signal_objects(_OUTPUTS, "Outputs", self._out, Access.RO | Access.RX_PDO),
                *signal_objects(_INPUTS, "Inputs", self._in, Access.RO | Access.TX_PDO),
                *signal_objects(
                    _PARAMETERS, "Parameters", any_of(own.parameters), Access.RW | Access.SETTING
                ),
            ],
            signal_side(0x1600, "Outputs", _OUTPUTS, self._out),
            signal_side(0x1A00, "Inputs", _INPUTS, self._in),
            mailbox_bytes=mailbox_bytes,
        )

    def cycle(self, outputs: Mapping[str, Value], now: Nanos) -> Mapping[str, Value] | None:
        """Once per cycle: outputs by name in, inputs by name out; those left out stay as they are.

        While the outputs are not valid, in SAFE-OP for example, they are at their initial values;
        ``self.state`` is the AL state, 8 in OP.
        """
        raise NotImplementedError(f"{type(self).__name__} has no cycle()")

    def parameter(self, name: str) -> Value:
        """The present value of a parameter.

        Raises:
            InvalidArgument: there is none of that name.
        """
        if name not in self._parameters:
            raise InvalidArgument(f"no parameter {name!r}: there are {list(self._parameters)}")
        return self.objects.values[_PARAMETERS, self._parameters[name]]

    def power_on(self) -> None:
        """As at the factory. Subclasses that have a memory begin anew here, and call this."""
        super().power_on()
        self.failure = self._reported = None

    def entered(self, state: int, now: Nanos) -> None:
        """Going up again after a failure is another attempt."""
        if state > self.state:
            self.failure = None
        super().entered(state, now)

    def exchange(self, outputs: bytes | None, now: Nanos) -> bytes:
        """One cycle; after a failure the inputs stay as they were.

        Raises:
            ApplicationFailed: :meth:`cycle` raised, or returned what it must not.
        """
        try:
            return super().exchange(outputs, now)
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"
            if self.failure != self._reported:  # a MainDevice tries again and again
                self._reported = self.failure
                logger.exception(
                    "SubDevice %s: %s.cycle() failed; it goes to SAFE-OP",
                    self.identity.name,
                    type(self).__name__,
                )
            raise ApplicationFailed(f"{self.identity.name}: {self.failure}") from error

    def update(self, valid: bool, now: Nanos) -> None:
        """Call :meth:`cycle`."""
        if self.failure is not None:
            return
        values = self.objects.values
        outputs = {
            one.name: values[_OUTPUTS, n] if valid else one.initial
            for n, one in enumerate(self._out, 1)
        }
        inputs = self.cycle(outputs, now)
        if inputs is None:
            return
        if not isinstance(inputs, Mapping):
            raise WrongType(f"cycle() must return inputs by name, not {inputs!r}")
        checked = {name: self._checked(name, value) for name, value in inputs.items()}
        for name, value in checked.items():
            values[_INPUTS, self._at[name]] = value

    def _checked(self, name: str, value: Value) -> Value:
        if name not in self._at:
            raise InvalidArgument(f"there is no input {name!r}: there are {list(self._at)}")
        kind = self._in[self._at[name] - 1].type
        check_value(kind, kind.bits, value, f"input {name}")
        return value

    def _identity(self) -> Identity:
        own = type(self)
        text = repr((own.__module__, own.__qualname__, self._out, self._in, own.parameters))
        product = Kind.OWN << 24 | zlib.crc32(text.encode()) & 0xFF_FFFF
        return Identity(VENDOR, product, name=own.__name__)
