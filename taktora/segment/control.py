"""What may be asked of a simulator while it runs: one line of JSON in, one line out. Pure.

``{"do": "outputs", "args": [2]}`` is answered by ``{"is": {"hex": "0f"}}``, or by ``{"error": ...,
"type": ...}``. Bytes are ``{"hex": ...}`` both ways.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from taktora.errors import InvalidArgument, TaktoraError
from taktora.segment.simulator import Simulator
from taktora.time import Nanos

__all__ = ["Control", "pack", "unpack"]


_MISTAKES: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a request that makes no sense may raise, also in a device that it calls."""


class Control:
    """Answers for ``simulator``, on its thread."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._now: Nanos = 0
        self._commands: Mapping[str, Callable[..., Any]] = {
            "begin": lambda kind, **details: simulator.begin(self._now, kind, **details),
            "call": self._call,
            "end": lambda number=None: simulator.end(self._now, number),
            "inputs": simulator.inputs,
            "lose": simulator.segment.lose,
            "outputs": simulator.outputs,
            "power-cycle": lambda position: simulator.segment.power_cycle(position, self._now),
            "register": simulator.register,
            "states": simulator.states,
            "statistics": simulator.statistics,
        }

    def answer(self, line: bytes, now: Nanos) -> bytes:
        """The line to answer ``line`` with; whatever is wrong with it is told in the answer."""
        try:
            self._now = now
            found = {"is": self._do(json.loads(line))}
        except (*_MISTAKES, TaktoraError) as error:
            found = {"error": str(error), "type": type(error).__name__}
        return pack(found)

    def _do(self, request: Any) -> Any:
        if not isinstance(request, dict) or request.get("do") not in self._commands:
            raise InvalidArgument(f"a request is one of {', '.join(sorted(self._commands))}")
        arguments = [unpack(one) for one in request.get("args", ())]
        named = {key: unpack(one) for key, one in request.get("kwargs", {}).items()}
        return self._commands[request["do"]](*arguments, **named)

    def _call(self, position: int, path: str, *arguments: Any) -> Any:
        """A method of the device at ``position``, or of an attribute of it: ``inputs.load``."""
        found = self._simulator.device(position)
        for part in path.split("."):
            if part.startswith("_"):
                raise InvalidArgument(f"{path!r} is private")
            found = getattr(found, part)
        return found(*arguments) if callable(found) else found


def pack(value: Any) -> bytes:
    """One line of JSON."""
    return json.dumps(value, default=_as_json).encode() + b"\n"


def _as_json(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return {"hex": bytes(value).hex()}
    if attrs.has(type(value)):
        return attrs.asdict(value, recurse=False)
    return list(value)


def unpack(value: Any) -> Any:
    """``{"hex": ...}`` as bytes, also inside of others; all else as it is."""
    if isinstance(value, dict):
        if value.keys() == {"hex"}:
            return bytes.fromhex(value["hex"])
        return {key: unpack(one) for key, one in value.items()}
    if isinstance(value, list):
        return [unpack(one) for one in value]
    return value
