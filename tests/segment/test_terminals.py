"""Terminals: what their channels do, and that they are what a controller expects."""

from __future__ import annotations

import struct
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.errors import InvalidArgument, WrongType
from taktora.segment.aborts import Abort
from taktora.segment.analog import AnalogIn, AnalogOut
from taktora.segment.axis import Axis
from taktora.segment.device import Device, Identity
from taktora.segment.terminals import Coupler, DigitalIn, DigitalOut, Loopback
from taktora.segment.waves import Wave
from tests.segment.sdo_client import SdoClient
from tests.segment.test_coe_transfers import abort_of

MS = 1_000_000
PRE_OP, SAFE_OP, OP = 2, 4, 8


def started(device: Any, state: int = OP) -> Any:
    device.power_on()
    for one in (PRE_OP, SAFE_OP, OP):
        if one <= state:
            device.entered(one, 0)
    return device


@pytest.mark.rule("TERM-01")
@given(count=st.integers(1, 100), data=st.data())
def test_digital_inputs_are_bits_in_the_order_of_the_channels(count: int, data: st.DataObject):
    terminal = started(DigitalIn(count))
    values = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    for channel, value in enumerate(values):
        terminal.inputs[channel] = value
    image = terminal.exchange(None, 0)
    assert len(image) == (count + 7) // 8
    assert [bool(image[n // 8] >> n % 8 & 1) for n in range(8 * len(image))] == values + [False] * (
        8 * len(image) - count
    )
    assert list(terminal.inputs) == values


@pytest.mark.rule("TERM-01")
def test_what_is_wired_to_inputs_survives_a_power_cycle():
    terminal = started(DigitalIn(4))
    terminal.inputs[3] = True
    terminal.power_on()
    assert terminal.exchange(None, 0) == b"\x08"


@pytest.mark.rule("TERM-02")
@given(count=st.integers(1, 100), data=st.data())
def test_digital_outputs_are_what_came_last(count: int, data: st.DataObject):
    terminal = started(DigitalOut(count))
    image = data.draw(st.binary(min_size=(count + 7) // 8, max_size=(count + 7) // 8))
    assert terminal.exchange(image, 0) == b""
    assert list(terminal.outputs) == [bool(image[n // 8] >> n % 8 & 1) for n in range(count)]


@pytest.mark.rule("TERM-02")
def test_digital_outputs_are_off_when_there_are_no_valid_ones():
    terminal = started(DigitalOut(4))
    for how in (
        lambda: terminal.exchange(None, 0),
        lambda: terminal.entered(SAFE_OP, 0),
        lambda: terminal.entered(1, 0),
        terminal.power_on,
    ):
        terminal.exchange(b"\x0f", 0)
        assert all(terminal.outputs)
        how()
        assert not any(terminal.outputs)


@pytest.mark.rule("TERM-03")
@given(st.integers(1, 11_888))
def test_digital_terminals_of_any_size_are_mapped_by_their_sii_alone(count: int):
    for terminal, side in ((DigitalOut(count), 0), (DigitalIn(count), 1)):
        device: Device = terminal
        assert device.mailbox is None
        pdos = device.pdos()
        assert pdos[1 - side] == ()
        entries = [entry for _, part in pdos[side] for entry in part]
        assert all(bits == 1 for _, _, bits in entries)
        assert len({entry[:2] for entry in entries}) == count
        assert len({index for index, _ in pdos[side]}) == len(pdos[side])
        assert (device.output_bits, device.input_bits) == ((count, 0), (0, count))[side]


@pytest.mark.rule("TERM-03")
def test_channels_are_a_sequence_from_0():
    terminal = DigitalIn(8)
    terminal.inputs[-1] = True
    assert terminal.inputs[7] is True
    terminal.inputs[-8] = True
    assert terminal.exchange(None, 0) == b"\x81"
    terminal.inputs[0] = False
    terminal.inputs.set(0, False)
    assert terminal.exchange(None, 0) == b"\x80"
    assert terminal.inputs[6:] == [False, True]
    assert len(terminal.inputs) == 8
    assert repr(terminal.inputs) == repr([False] * 7 + [True])
    for channel in (8, -9):
        with pytest.raises(IndexError, match="8 channels, from 0"):
            terminal.inputs[channel] = True
    with pytest.raises(WrongType, match="True or False"):
        terminal.inputs[0] = 1  # type: ignore[assignment]
    with pytest.raises(WrongType, match="MainDevice"):
        DigitalOut(8).outputs[0] = True


@pytest.mark.rule("TERM-03", "TERM-06", "TERM-04")
@pytest.mark.parametrize(
    "make",
    [
        lambda: DigitalIn(0),
        lambda: DigitalOut(11_889),
        lambda: AnalogIn(0),
        lambda: AnalogIn(17),
        lambda: AnalogIn(1, waves=[Wave(), Wave()]),
        lambda: AnalogOut(0),
        lambda: Loopback(0),
        lambda: Loopback(1025),
        lambda: Loopback(4, pdo_bytes=65),
        lambda: Loopback(4, pdo_bytes=0),
        lambda: Loopback(255, pdo_bytes=1),
    ],
)
def test_terminals_that_cannot_be_are_refused(make: Any):
    with pytest.raises(InvalidArgument):
        make()


@pytest.mark.rule("TERM-04")
@given(size=st.integers(1, 300), pdo_bytes=st.integers(2, 64), data=st.data())
def test_a_loopback_gives_back_what_it_got(size: int, pdo_bytes: int, data: st.DataObject):
    terminal = Loopback(size, pdo_bytes=pdo_bytes)
    terminal.entered(OP, 0)
    assert (terminal.output_bits, terminal.input_bits) == (8 * size, 8 * size)
    image = data.draw(st.binary(min_size=size, max_size=size))
    assert terminal.exchange(image, 0) == image
    at = data.draw(st.integers(0, size - 1))
    client = SdoClient(terminal.mailbox)
    index, sub = 0x10 * (at // 254), at % 254 + 1
    assert (
        client.read(0x7000 + index, sub) == client.read(0x6000 + index, sub) == image[at : at + 1]
    )
    assert terminal.exchange(None, 0) == bytes(size)
    assert client.read(0x6000 + index, sub) == b"\0"


@pytest.mark.rule("TERM-04")
def test_a_loopback_whose_sides_differ_gives_back_what_fits():
    terminal = started(Loopback(4, pdo_bytes=2), PRE_OP)
    client = SdoClient(terminal.mailbox)
    client.write(0x1C13, 0, struct.pack("<B x H", 1, 0x1A01), complete=True)
    terminal.entered(OP, 0)
    assert terminal.exchange(b"abcd", 0) == b"ab"
    assert client.read(0x7000, 3) == b"c"
    assert client.read(0x6000, 3) == b"a"


@pytest.mark.rule("TERM-04")
def test_a_power_cycle_empties_a_loopback_and_what_can_be_set_in_it():
    terminal = started(Loopback(2))
    client = SdoClient(terminal.mailbox)
    terminal.exchange(b"ab", 0)
    client.write(0x8001, 0, b"x" * 128)
    client.write(0x8002, 0, bytes(4096))
    assert abort_of(client.write, 0x8001, 0, b"x" * 129) == Abort.TOO_LONG
    assert abort_of(client.write, 0x8002, 0, bytes(4097)) == Abort.TOO_LONG
    terminal.power_on()
    terminal.entered(PRE_OP, 0)
    client = SdoClient(terminal.mailbox)
    assert [client.read(*where) for where in ((0x6000, 1), (0x7000, 2), (0x8001, 0))] == [
        b"\0", b"\0", b"",
    ]  # fmt: skip


@pytest.mark.rule("TERM-05")
def test_a_coupler_has_no_process_data():
    device: Device = Coupler()
    assert (device.output_bits, device.input_bits, device.pdos()) == (0, 0, ((), ()))
    assert device.exchange(None, 0) == b""


@pytest.mark.rule("TERM-01", "TERM-06")
def test_inputs_that_nobody_has_set_are_off_or_0():
    assert started(DigitalIn(9)).exchange(None, 0) == bytes(2)
    assert [value for _, value in samples(started(AnalogIn(3)).exchange(None, 0))] == [0, 0, 0]


def samples(image: bytes) -> list[tuple[int, int]]:
    """Status word and value of each channel."""
    return list(struct.iter_unpack("<Hh", image))


@pytest.mark.rule("TERM-06")
def test_an_analog_input_has_a_status_word_and_a_value():
    terminal = started(AnalogIn(2))
    terminal.inputs[0] = -1234
    (status, value), _ = samples(terminal.exchange(None, 0))
    assert (status & 0x7FFF, value) == (0, -1234)
    assert terminal.inputs[0] == -1234
    for digits, expected in ((40_000, (0x0002, 32_767)), (-40_000, (0x0001, -32_768))):
        terminal.inputs[1] = digits
        status, value = samples(terminal.exchange(None, 0))[1]
        assert (status & 0x7FFF, value) == expected
    terminal.inputs[1] = 0
    terminal.broken[1] = True
    assert samples(terminal.exchange(None, 0))[1][0] & 0x7FFF == 0x0040 | 0x4000
    with pytest.raises(WrongType, match="digits or a Wave"):
        terminal.inputs[0] = 1.5


@pytest.mark.rule("TERM-06")
def test_each_cycle_of_an_analog_input_toggles_a_bit():
    terminal = started(AnalogIn(1))
    toggles = [samples(terminal.exchange(None, n))[0][0] >> 15 for n in range(4)]
    assert toggles in ([0, 1, 0, 1], [1, 0, 1, 0])


@pytest.mark.rule("TERM-06")
def test_limits_are_watched_by_settings():
    terminal = started(AnalogIn(1))
    client = SdoClient(terminal.mailbox)
    for sub, limit in ((1, 100), (2, -100)):
        client.write(0x8000, 2 + sub, struct.pack("<h", limit))
        client.write(0x8000, sub, b"\1")
    seen = []
    for digits in (0, 100, 101, -100, -101):
        terminal.inputs[0] = digits
        status = samples(terminal.exchange(None, 0))[0][0]
        seen.append((status >> 2 & 3, status >> 4 & 3))
    assert seen == [(1, 2), (3, 2), (2, 2), (1, 3), (1, 1)]


@pytest.mark.rule("TERM-06")
def test_the_compact_pdo_is_the_value_alone():
    terminal = started(AnalogIn(1), PRE_OP)
    client = SdoClient(terminal.mailbox)
    client.write(0x1C13, 0, struct.pack("<B x H", 1, 0x1A01), complete=True)
    terminal.inputs[0] = 0x1234
    assert terminal.exchange(None, 0) == b"\x34\x12"


@pytest.mark.rule("TERM-07")
def test_an_analog_output_puts_out_what_came_and_falls_back_by_its_settings():
    terminal = started(AnalogOut(3))
    client = SdoClient(terminal.mailbox)
    client.write(0x8010, 2, struct.pack("<h", -7))
    client.write(0x8020, 1, b"\1")
    image = struct.pack("<hhh", 1, -2, 32_767)
    for fall in (lambda: terminal.exchange(None, 0), lambda: terminal.entered(SAFE_OP, 0)):
        terminal.exchange(image, 0)
        assert list(terminal.outputs) == [1, -2, 32_767]
        fall()
        assert list(terminal.outputs) == [0, -7, 32_767]
        terminal.entered(OP, 0)
    terminal.power_on()
    assert list(terminal.outputs) == [0, 0, 0]


@pytest.mark.rule("TERM-08")
@pytest.mark.parametrize(
    ("shape", "quarters"),
    [
        ("sine", [0, 100, 0, -100]),
        ("square", [100, 100, -100, -100]),
        ("triangle", [0, 100, 0, -100]),
        ("sawtooth", [-100, -50, 0, 50]),
    ],
)
def test_a_wave_is_a_function_of_time(shape: Any, quarters: list[int]):
    wave = Wave(shape, 100, offset=5, period=timedelta(milliseconds=4))
    assert [wave(n * MS) - 5 for n in range(4)] == quarters
    assert [wave((n + 400_000_000) * MS) - 5 for n in range(4)] == quarters
    later = Wave(shape, 100, offset=5, period=timedelta(milliseconds=4), phase=0.25)
    assert later(0) == wave(MS)


@pytest.mark.rule("TERM-08")
def test_an_analog_input_sees_its_wave():
    terminal = started(AnalogIn(1, waves=[Wave("sawtooth", 1000, period=timedelta(seconds=1))]))
    seen = [samples(terminal.exchange(None, n * 100 * MS))[0][1] for n in range(10)]
    assert seen == [-1000, -800, -600, -400, -200, 0, 200, 400, 600, 800]


@pytest.mark.rule("TERM-09")
def test_what_has_other_process_data_has_another_product_code():
    devices: list[Device] = [Coupler(), Axis()]
    for n in (1, 2, 8, 16):
        devices += [DigitalIn(n), DigitalOut(n), AnalogIn(n), AnalogOut(n), Loopback(n)]
        devices.append(Loopback(n, pdo_bytes=1))
    products = [one.identity.product for one in devices]
    assert len(set(products)) == len(products)
    assert DigitalIn(8).identity == DigitalIn(8).identity


@pytest.mark.rule("TERM-09")
def test_an_identity_may_be_given():
    mine = Identity(1, 2, 3, 4, "mine")
    for device in (
        Coupler(mine), DigitalIn(1, mine), DigitalOut(1, mine), AnalogIn(identity=mine),
        AnalogOut(identity=mine), Loopback(identity=mine), Axis(identity=mine),
    ):  # fmt: skip
        assert device.identity == mine
