"""Segment files: what they may say, what is made of it, and every mistake at once."""

from __future__ import annotations

import textwrap
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from taktora.errors import InvalidConfig
from taktora.segment.analog import AnalogIn, AnalogOut
from taktora.segment.axis import Axis
from taktora.segment.coe_device import CoeDevice
from taktora.segment.config import SegmentDescription, build, load_segment
from taktora.segment.faults import (
    AlError,
    CableOut,
    Delay,
    Emergency,
    FrameLoss,
    PowerCycle,
    StuckMailbox,
    WrongWorkingCounter,
)
from taktora.segment.terminals import Coupler, DigitalIn, DigitalOut, Loopback
from taktora.segment.waves import Wave

SAMPLE = """
    [[subdevices]]
    type = "coupler"

    [[subdevices]]
    type = "digital-out"
    channels = 8
    name = "stack-light"
    alias = 7

    [[subdevices]]
    type = "digital-in"
    channels = 12
    on = [0, 11]
    count = 2

    [[subdevices]]
    type = "analog-in"
    channels = 2
    waves = [{ shape = "triangle", amplitude = 100, period = "2 s" }]

    [[subdevices]]
    type = "analog-out"
    channels = 4
    mailbox_bytes = 256

    [[subdevices]]
    type = "loopback"
    bytes = 16
    pdo_bytes = 8
    vendor = 0x1234
    product = 5
    revision = 6
    serial = 100
    count = 2

    [[subdevices]]
    type = "axis"
    name = "x"
    position = -1000

    [[subdevices]]
    type = "my_heater:Heater"
    options = { gain = 3 }

    [[faults]]
    kind = "frame-loss"
    rate = 0.01

    [[faults]]
    kind = "delay"
    by = "2 ms"
    at = "1 s"
    lasts = "5 s"

    [[faults]]
    kind = "cable-out"
    subdevice = "stack-light"
    at = "5 s"
    lasts = "50 ms"
    every = "10 s"
    times = 3

    [[faults]]
    kind = "power-cycle"
    subdevice = 4

    [[faults]]
    kind = "al-error"
    subdevice = "x"
    code = 0x1B
    at = 2.5

    [[faults]]
    kind = "emergency"
    subdevice = "x"
    code = 0x2310
    data = "01 02"
    every = "1 min"

    [[faults]]
    kind = "stuck-mailbox"
    subdevice = "x"
    lasts = "2 s"

    [[faults]]
    kind = "wrong-working-counter"
    subdevice = "digital-in-2"
    lasts = "1 s"
    by = 1
"""

HEATER = """
    from attrs import frozen
    from taktora.segment.hook import OwnDevice
    from taktora.segment.signals import Signal

    @frozen
    class Options:
        gain: int = 1

    class Heater(OwnDevice):
        inputs = (Signal("x", "u8"),)
        Options = Options
        def cycle(self, outputs, now):
            return {"x": self.options.gain}

    class Twice(OwnDevice):
        inputs = (Signal("x", "u8"), Signal("x", "u8"))

    class Strange(OwnDevice):
        Options = int
"""


def write(folder: Path, text: str, **modules: str) -> Path:
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(source))
    path = folder / "segment.toml"
    path.write_text(textwrap.dedent(text))
    return path


@pytest.fixture
def heater(tmp_path: Path) -> str:
    """A module whose name no other test has used: modules are imported once."""
    name = f"heater_{abs(hash(str(tmp_path)))}"
    write(tmp_path, "", **{name: HEATER})
    return name


@pytest.fixture
def sample(tmp_path: Path, heater: str) -> SegmentDescription:
    return load_segment(write(tmp_path, SAMPLE.replace("my_heater", heater)))


def problems(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(InvalidConfig) as caught:
        load_segment(write(folder, text))
    return caught.value.problems


@pytest.mark.rule("TERM-50")
def test_a_file_becomes_devices_in_the_order_of_the_wire(sample: SegmentDescription):
    devices: list[Any] = build(sample)
    assert [type(one).__name__ for one in devices] == [
        "Coupler", "DigitalOut", "DigitalIn", "DigitalIn", "AnalogIn", "AnalogOut", "Loopback",
        "Loopback", "Axis", "Heater",
    ]  # fmt: skip
    _, out, first, second, analog, analog_out, loop, loop_2, axis, own = devices
    assert len(out.outputs) == 8
    for terminal in (first, second):
        assert [n for n, on in enumerate(terminal.inputs) if on] == [0, 11]
    assert analog.input_bits == 64
    wave = Wave("triangle", 100, period=timedelta(seconds=2))
    analog.exchange(None, 500_000_000)
    assert analog.inputs[0] == wave(500_000_000) == 100
    assert analog_out.mailbox.size == 256
    assert (loop.output_bits, len(loop.pdos()[0])) == (128, 2)
    identity = loop_2.identity
    assert (identity.vendor, identity.product, identity.revision) == (0x1234, 5, 6)
    assert (loop.identity.serial, identity.serial) == (100, 101)
    assert axis.position == -1000
    assert own.exchange(None, 0) == b"\3"


@pytest.mark.rule("TERM-50")
def test_devices_are_new_each_time(sample: SegmentDescription):
    one, two = build(sample)[2], build(sample)[2]
    assert isinstance(one, DigitalIn)
    assert isinstance(two, DigitalIn)
    one.inputs[5] = True
    assert not two.inputs[5]


@pytest.mark.rule("TERM-51")
def test_each_subdevice_has_a_name_and_a_position(sample: SegmentDescription, heater: str):
    assert [(one.position, one.name) for one in sample.subdevices] == list(
        enumerate(
            ["coupler", "stack-light", "digital-in-1", "digital-in-2", "analog-in", "analog-out",
             "loopback-1", "loopback-2", "x", f"{heater}:Heater"],
            1,
        )
    )  # fmt: skip
    assert sample.position("x") == 9
    assert [one.alias for one in sample.subdevices[:3]] == [0, 7, 0]
    names = [one.identity.name for one in build(sample)]
    assert names[:4] == ["coupler", "stack-light", "digital-in", "digital-in"]


@pytest.mark.rule("TERM-51")
def test_types_that_come_again_without_a_name_are_told_apart_by_their_position(tmp_path: Path):
    text = """
        [[subdevices]]
        type = "axis"
        [[subdevices]]
        type = "coupler"
        [[subdevices]]
        type = "axis"
        [[subdevices]]
        type = "axis"
        alias = 10
        count = 2
    """
    made = load_segment(write(tmp_path, text)).subdevices
    assert [one.name for one in made] == ["axis", "coupler", "axis-3", "axis-1", "axis-2"]
    assert [one.alias for one in made] == [0, 0, 0, 10, 11]


@pytest.mark.rule("TERM-52")
def test_faults_are_read_and_their_subdevices_are_positions(sample: SegmentDescription):
    assert [type(one) for one in sample.faults] == [
        FrameLoss, Delay, CableOut, PowerCycle, AlError, Emergency, StuckMailbox,
        WrongWorkingCounter,
    ]  # fmt: skip
    cable = sample.faults[2]
    assert cable == CableOut(
        kind="cable-out",
        subdevice=2,
        at=timedelta(seconds=5),
        lasts=timedelta(milliseconds=50),
        every=timedelta(seconds=10),
        times=3,
    )
    assert [getattr(one, "subdevice", None) for one in sample.faults[3:]] == [4, 9, 9, 9, 4]
    emergency = sample.faults[5]
    assert isinstance(emergency, Emergency)
    assert emergency.data == b"\1\2"


@pytest.mark.rule("TERM-53")
def test_every_mistake_is_told_at_once_with_its_path(tmp_path: Path, heater: str):
    text = f"""
        [[subdevices]]
        type = "digital-ou"

        [[subdevices]]
        type = "digital-out"
        channels = 0
        nam = "light"

        [[subdevices]]
        channels = 3

        [[subdevices]]
        type = "analog-in"
        waves = [{{ shape = "sinus" }}]
        mailbox_bytes = 20

        [[subdevices]]
        type = "{heater}:Heter"

        [[subdevices]]
        type = "{heater}:Heater"
        options = {{ gian = 3 }}

        [[subdevices]]
        type = "nowhere:Heater"

        [[subdevices]]
        type = "{heater}:Twice"

        [[subdevices]]
        type = "{heater}:Strange"

        [[subdevices]]
        type = "os:path"

        [[subdevices]]
        type = "axis"
        name = "é"

        [[subdevices]]
        type = "digital-in"
        channels = 4
        on = [4]

        [[faults]]
        kind = "frame-lost"

        [[faults]]
        kind = "frame-loss"

        [[faults]]
        rate = 3

        [[faults]]
        kind = "cable-out"
        subdevice = 1.5
        every = "1 s"

        [[faults]]
        kind = "delay"
        by = 0
        lasts = "2 s"
        every = "1 s"
        times = 0

        [[faults]]
        kind = "emergency"
        subdevice = 0
        code = 70000
        data = "010203040506"
        times = 2
    """
    assert [one.split(": ")[0] for one in problems(tmp_path, text)] == [
        "subdevices[0].type",
        "subdevices[1].channels",
        "subdevices[1].nam",
        "subdevices[2].type",
        "subdevices[3].waves[0].shape",
        "subdevices[3].mailbox_bytes",
        "subdevices[4].type",
        "subdevices[5].options.gian",
        "subdevices[6].type",
        "subdevices[7].type",
        "subdevices[8].options",
        "subdevices[9].type",
        "subdevices[10].name",
        "subdevices[11]",
        "faults[0].kind",
        "faults[1].rate",
        "faults[2].kind",
        "faults[3].subdevice",
        "faults[3].every",
        "faults[4].by",
        "faults[4].every",
        "faults[4].times",
        "faults[5].subdevice",
        "faults[5].code",
        "faults[5].data",
        "faults[5].times",
    ]


@pytest.mark.rule("TERM-53")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[subdevices]]\ntype = "axes"', 'did you mean "axis"?'),
        ('[[subdevices]]\ntype = "my heater:X"', "must be module:Class"),
        ('[[subdevices]]\ntype = "nowhere:X"', "there is no module nowhere (looked in "),
        ('[[subdevices]]\ntype = "coupler"\nmailbox_bytes = 128', "is not known here"),
        ('[[subdevices]]\ntype = "loopback"\nbytes = 300\npdo_bytes = 1', "254 PDOs of 1"),
        ("subdevices = []", "is empty"),
        ("[[faults]]\nkind = 'delay'\nby = 1", "subdevices: is missing"),
        (
            '[[subdevices]]\ntype = "axis"\nname = "x"\n[[subdevices]]\ntype = "axis"\nname = "x"',
            'subdevices[1].name: "x" is the name of subdevices[0], too',
        ),
        (
            (
                '[[subdevices]]\ntype = "axis"\nname = "lift"\n'
                '[[faults]]\nkind = "al-error"\nsubdevice = "lit"'
            ),
            'faults[0].subdevice: is "lit", and must be one of lift; did you mean "lift"?',
        ),
        (
            '[[subdevices]]\ntype = "axis"\ncount = 3\n[[faults]]\nkind = "al-error"\nsubdevice = 4',
            "faults[0].subdevice: is 4, and there are SubDevices 1 to 3",
        ),
    ],
)
def test_a_mistake_says_what_to_try(tmp_path: Path, text: str, said: str):
    (only,) = problems(tmp_path, text)
    assert said in only


@pytest.mark.rule("TERM-53")
def test_what_a_module_raises_is_told_at_its_type(tmp_path: Path):
    name = f"broken_{abs(hash(str(tmp_path)))}"
    write(tmp_path, "", **{name: "import no_such_thing"})
    (only,) = problems(tmp_path, f'[[subdevices]]\ntype = "{name}:X"')
    assert only.startswith("subdevices[0].type: ")
    assert "no_such_thing" in only


@pytest.mark.rule("TERM-50")
def test_every_built_in_type_is_what_its_name_says(tmp_path: Path):
    kinds = {
        "coupler": Coupler, "digital-in": DigitalIn, "digital-out": DigitalOut,
        "analog-in": AnalogIn, "analog-out": AnalogOut, "loopback": Loopback, "axis": Axis,
    }  # fmt: skip
    text = "".join(f'[[subdevices]]\ntype = "{kind}"\nname = "n-{kind}"\n' for kind in kinds)
    for device, (name, kind) in zip(
        build(load_segment(write(tmp_path, text))), kinds.items(), strict=True
    ):
        assert type(device) is kind
        assert device.identity.name == f"n-{name}"
        if isinstance(device, CoeDevice):
            assert device.objects.values[0x1008, 0] == f"n-{name}"
