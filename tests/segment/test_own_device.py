"""SubDevices of one's own in Python."""

from __future__ import annotations

import logging
import struct
from collections.abc import Mapping
from typing import Any

import pytest
from attrs import frozen

from taktora.errors import InvalidArgument, WrongType
from taktora.segment.data_types import DataType, Value
from taktora.segment.device import ApplicationFailed, Device, Identity
from taktora.segment.hook import OwnDevice
from taktora.segment.signals import Signal
from tests.segment.sdo_client import SdoClient

SAFE_OP, OP = 4, 8


@frozen
class HeaterOptions:
    gain: int = 2


class Heater(OwnDevice):
    outputs = (Signal("power", "u16", 3), Signal("on", "bool"))
    inputs = (
        Signal("temperature", "i16", -5),
        Signal("level", "bit3"),
        Signal("exact", "f32", 1.5),
    )
    parameters = (Signal("limit", "u32", 1000), Signal("name", "u8"))
    Options = HeaterOptions
    seen: list[tuple[dict[str, Value], int]]
    answer: Any = None

    def cycle(self, outputs: Mapping[str, Value], now: int) -> Any:
        self.seen = [*getattr(self, "seen", []), (dict(outputs), now)]
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is not None:
            return self.answer
        power = outputs["power"] if outputs["on"] else 0
        assert isinstance(power, int)
        return {"temperature": self.options.gain * power}


def heater(**more: Any) -> Heater:
    made = Heater(**more)
    made.power_on()
    for state in (2, SAFE_OP, OP):
        made.entered(state, 0)
    return made


@pytest.mark.rule("TERM-40")
def test_signals_are_process_data_in_their_order_and_known_by_name():
    device = heater()
    protocol: Device = device
    assert (protocol.output_bits, protocol.input_bits) == (17, 51)
    image = device.exchange(struct.pack("<HB", 100, 1), 7)
    whole = int.from_bytes(image, "little")
    assert whole & 0xFFFF == 200
    assert whole >> 16 & 7 == 0
    assert struct.unpack("<f", (whole >> 19).to_bytes(4, "little")) == (1.5,)
    assert device.seen == [({"power": 100, "on": True}, 7)]
    assert protocol.pdos() == (
        ((0x1600, ((0x7000, 1, 16), (0x7000, 2, 1))),),
        ((0x1A00, ((0x6000, 1, 16), (0x6000, 2, 3), (0x6000, 3, 32))),),
    )


@pytest.mark.rule("TERM-40")
def test_while_outputs_are_not_valid_they_are_as_in_the_beginning():
    device = heater()
    device.exchange(struct.pack("<HB", 100, 1), 1)
    device.exchange(None, 2)
    assert device.seen[-1] == ({"power": 3, "on": False}, 2)


@pytest.mark.rule("TERM-40")
def test_inputs_that_are_left_out_stay_as_they_are():
    device = heater()
    for answer, expected in (({"level": 5}, (5, -5)), ({"temperature": 9}, (5, 9)), ({}, (5, 9))):
        device.answer = answer
        whole = int.from_bytes(device.exchange(bytes(3), 0), "little")
        temperature = struct.unpack("<h", (whole & 0xFFFF).to_bytes(2, "little"))[0]
        assert (whole >> 16 & 7, temperature) == expected


@pytest.mark.rule("TERM-40")
def test_parameters_are_objects_that_the_main_device_may_write():
    device = heater()
    client = SdoClient(device.mailbox)
    client.write(0x8000, 1, struct.pack("<I", 77))
    assert device.parameter("limit") == 77
    with pytest.raises(InvalidArgument, match=r"no parameter 'x': .*limit"):
        device.parameter("x")
    device.power_on()
    assert device.parameter("limit") == 1000


@pytest.mark.rule("TERM-41")
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (RuntimeError("on fire"), "RuntimeError: on fire"),
        ({"temperatur": 1}, "no input 'temperatur'"),
        ({"temperature": 40_000}, "must be -32768 to 32767, not 40000"),
        ({"temperature": 1.5}, "INTEGER16"),
        ({"level": True}, "BIT3"),
        ([1], "inputs by name"),
    ],
)
def test_a_mistake_in_cycle_is_an_application_error_and_leaves_the_inputs(
    answer: Any, said: str, caplog: pytest.LogCaptureFixture
):
    device = heater()
    before = device.exchange(struct.pack("<HB", 100, 1), 0)
    device.answer = answer
    with (
        caplog.at_level(logging.ERROR, logger="taktora"),
        pytest.raises(ApplicationFailed, match="Heater: ") as caught,
    ):
        device.exchange(bytes(3), 1)
    assert said in str(caught.value)
    assert caught.value.code == 0x0001
    assert device.failure is not None
    assert said in device.failure
    assert "Heater.cycle() failed" in caplog.text
    device.answer = None
    device.entered(SAFE_OP, 2)
    calls = len(device.seen)
    assert device.exchange(None, 3) == before
    assert len(device.seen) == calls, "it is not asked again before the MainDevice takes it up"
    device.entered(OP, 4)
    assert device.failure is None
    assert device.exchange(struct.pack("<HB", 100, 1), 5) == before
    assert len(device.seen) == calls + 1


@pytest.mark.rule("TERM-41")
def test_the_same_mistake_again_and_again_is_reported_once(caplog: pytest.LogCaptureFixture):
    device = heater()
    with caplog.at_level(logging.ERROR, logger="taktora"):
        for answer in (ValueError("a"), ValueError("a"), ValueError("b"), ValueError("a")):
            device.answer = answer
            device.entered(SAFE_OP, 0)
            device.entered(OP, 0)
            with pytest.raises(ApplicationFailed):
                device.exchange(bytes(3), 1)
    assert caplog.text.count("Heater.cycle() failed") == 3


@pytest.mark.rule("TERM-41")
def test_a_device_without_cycle_says_so():
    class Nothing(OwnDevice):
        pass

    device = Nothing()
    assert (device.output_bits, device.input_bits) == (0, 0)
    with pytest.raises(ApplicationFailed, match=r"Nothing has no cycle\(\)"):
        device.exchange(None, 0)


@pytest.mark.rule("TERM-42")
def test_options_are_of_the_classs_own_class():
    device = heater(options=HeaterOptions(10))
    assert struct.unpack("<h", device.exchange(struct.pack("<HB", 7, 1), 0)[:2]) == (70,)
    with pytest.raises(WrongType, match="HeaterOptions"):
        Heater({"gain": 3})


@pytest.mark.rule("TERM-42")
def test_an_own_device_has_an_identity_of_its_class_and_signals():
    class Other(Heater):
        inputs = (*Heater.inputs, Signal("more", "u8"))

    assert Heater().identity == Heater().identity
    assert Heater().identity.name == "Heater"
    assert Other().identity.product != Heater().identity.product
    mine = Identity(1, 2, 3, 4, "mine")
    assert Heater(identity=mine).identity == mine


@pytest.mark.rule("TERM-42")
def test_signals_that_cannot_be_are_refused():
    with pytest.raises(InvalidArgument, match="'int' is no type; there are bool, i8"):
        Signal("x", "int")
    with pytest.raises(InvalidArgument, match="x must be 0 to 255, not 256"):
        Signal("x", "u8", 256)
    assert Signal("x", DataType.REAL64).initial == 0.0

    class Twice(OwnDevice):
        inputs = (Signal("x", "u8"), Signal("x", "u8"))

    class TooMany(OwnDevice):
        outputs = tuple(Signal(f"x{n}", "u8") for n in range(255))

    class Strange(OwnDevice):
        inputs = ("x",)  # type: ignore[assignment]

    for kind, said in (
        (Twice, "'x' is there twice"),
        (TooMany, "room for 254"),
        (Strange, "no Signal"),
    ):
        with pytest.raises(InvalidArgument, match=said):
            kind()
