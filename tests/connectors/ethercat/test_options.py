"""Options: what can be is made, what cannot be is refused by name, in code and in files."""

from __future__ import annotations

import struct
import tomllib
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.config import examine
from taktora.connectors.ethercat import EthercatOptions, PdoEntry, StartupSdo, SubDeviceMap
from taktora.connectors.ethercat.subdevice_map import known_bits
from taktora.errors import InvalidArgument, TaktoraError, WrongType

FILE = """
network_interface = "eth1"
cycle_time = "1 ms"
publish = "cycle"
affinity = [1]
fifo_priority = 80
[[subdevices]]
subdevice = 2
name = "axis"
sm_watchdog = "50 ms"
vendor = 0x2
product = 0x044c2c52
expected_wkc = 3
rx_pdos = [{ index = 0x1600, bit_length = 48 }, { index = 0x1601, bit_offset = 64, bit_length = 8 }]
startup_sdos = [
    { index = 0x8010, subindex = 1, value = -1, size = 2 },
    { index = 0x8011, data = "01 ff", complete = true },
]
"""


def options(**changes: Any) -> EthercatOptions:
    return EthercatOptions(**{"network_interface": "eth1"} | changes)


@pytest.mark.rule("ECAT-08")
def test_a_file_says_it_with_words_and_units():
    found, problems = examine(tomllib.loads(FILE), EthercatOptions, at=("options",))
    assert problems == []
    assert found == options(
        cycle_time=timedelta(milliseconds=1),
        publish="cycle",
        affinity=[1],
        fifo_priority=80,
        subdevices=[
            SubDeviceMap(
                2,
                "axis",
                [PdoEntry(0x1600, bit_length=48), PdoEntry(0x1601, 64, 8)],
                expected_wkc=3,
                startup_sdos=[
                    StartupSdo(0x8010, 1, -1, 2),
                    StartupSdo(0x8011, data=b"\x01\xff", complete=True),
                ],
                sm_watchdog=timedelta(milliseconds=50),
                vendor=2,
                product=0x044C2C52,
            )
        ],
    )


@pytest.mark.rule("ECAT-08")
def test_what_is_not_said_has_a_default():
    its = EthercatOptions("eth1")
    assert (its.cycle_time, its.publish, its.working_counter_tolerance) == (0.002, "change", 3)
    assert (its.lost_frames, its.distributed_clocks, its.subdevices) == (50, False, ())
    assert options(cycle_time=0.001).cycle_time == 0.001


@pytest.mark.rule("ECAT-08", "ECAT-09")
@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"network_interface": ""}, InvalidArgument, "network_interface must be a name of 1 to 15"),
        ({"network_interface": "eth/1"}, InvalidArgument, "without spaces and slashes"),
        ({"network_interface": "an interface"}, InvalidArgument, "without spaces and slashes"),
        ({"network_interface": "x" * 16}, InvalidArgument, "of 1 to 15 characters"),
        ({"network_interface": None}, WrongType, "network_interface must be a name .*, not None"),
        ({"cycle_time": 0.000_999}, InvalidArgument, "cycle_time must be 0.001 s or more, not 0.000999"),
        ({"cycle_time": "1 ms"}, WrongType, "cycle_time must be a datetime.timedelta or a number"),
        ({"cycle_time": float("nan")}, InvalidArgument, "cycle_time must be finite"),
        ({"publish": "always"}, InvalidArgument, "publish must be 'change' or 'cycle', not 'always'"),
        ({"distributed_clocks": 1}, WrongType, "distributed_clocks must be true or false, not 1"),
        ({"working_counter_tolerance": -1}, InvalidArgument, "working_counter_tolerance must be 0 or more"),
        ({"lost_frames": 3}, InvalidArgument, r"more than working_counter_tolerance \(3\), not 3"),
        ({"lost_frames": 2.5}, WrongType, "lost_frames must be a whole number, not 2.5"),
        ({"sweep_period": 0}, InvalidArgument, "sweep_period must be more than zero"),
        ({"frame_timeout": -1}, InvalidArgument, "frame_timeout must be more than zero"),
        ({"affinity": ()}, InvalidArgument, "affinity must name at least one CPU"),
        ({"affinity": (-1,)}, InvalidArgument, "affinity must hold CPU numbers, 0 or more, not -1"),
        ({"affinity": 1}, WrongType, "affinity must be a tuple of int, not 1"),
        ({"affinity": (True,)}, InvalidArgument, "affinity must hold CPU numbers"),
        ({"fifo_priority": 100}, InvalidArgument, "fifo_priority must be 1 to 99, not 100"),
        ({"subdevices": (3,)}, WrongType, "subdevices must hold SubDeviceMap, not 3"),
        ({"subdevices": SubDeviceMap(1)}, WrongType, "subdevices must be a tuple of SubDeviceMap"),
        ({"subdevices": [SubDeviceMap(1), SubDeviceMap(1)]}, InvalidArgument,
         r"subdevices\[1\] is SubDevice 1, as subdevices\[0\] is"),
        ({"subdevices": [SubDeviceMap(1, "a"), SubDeviceMap(2, "a")]}, InvalidArgument,
         r"subdevices\[1\] is called 'a', as subdevices\[0\] is"),
        ({"subdevices": [SubDeviceMap(1, sm_watchdog=0.002)]}, InvalidArgument,
         r"sm_watchdog of subdevices\[0\] is 2 ms, and must be longer than cycle_time \(2 ms\)"),
    ],
)  # fmt: skip
def test_options_that_cannot_be_are_refused_by_name(
    changes: dict[str, Any], error: type[Exception], said: str
):
    with pytest.raises(error, match=said):
        options(**changes)


@pytest.mark.rule("ECAT-08", "ECAT-09")
@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"subdevice": 0}, InvalidArgument, "subdevice must be 1 to 65535, not 0"),
        ({"subdevice": "axis"}, WrongType, "subdevice must be a whole number, not 'axis'"),
        ({"name": ""}, InvalidArgument, "name must not be empty"),
        ({"name": 3}, WrongType, "name must be text, not 3"),
        ({"expected_wkc": 4}, InvalidArgument, "expected_wkc must be 0 to 3, not 4"),
        ({"sm_watchdog": 6.554}, InvalidArgument, "sm_watchdog must be 6.5535 s or less, not 6.554"),
        ({"vendor": 2**32}, InvalidArgument, "vendor must be 0x0 to 0xFFFFFFFF, not 0x100000000"),
        ({"rx_pdos": [0]}, InvalidArgument, "index must be 0x1 to 0xFFFF, not 0"),
        ({"rx_pdos": [True]}, WrongType, "rx_pdos must hold PdoEntry, not True"),
        ({"rx_pdos": 0x1600}, WrongType, "rx_pdos must be a tuple of PdoEntry, not 5632"),
        ({"startup_sdos": (1,)}, WrongType, "startup_sdos must hold StartupSdo, not 1"),
        ({"tx_pdos": [PdoEntry(0x1A00), PdoEntry(0x1A00)]}, InvalidArgument, "tx_pdos has 0x1A00 twice"),
        ({"rx_pdos": [PdoEntry(0x1600, 0, 16), PdoEntry(0x1601, 8, 1)]}, InvalidArgument,
         r"0x1601 of rx_pdos \(bits 8 to 8\) overlaps 0x1600 \(bits 0 to 15\)"),
        ({"rx_pdos": [PdoEntry(0x1600, 4, 4), PdoEntry(0x1601, 0, 4), PdoEntry(0x1602, None, 1)]},
         InvalidArgument, r"0x1602 of rx_pdos \(bits 4 to 4\) overlaps 0x1600"),
    ],
)  # fmt: skip
def test_a_subdevice_that_cannot_be_is_refused_by_name(
    changes: dict[str, Any], error: type[Exception], said: str
):
    with pytest.raises(error, match=said):
        SubDeviceMap(**{"subdevice": 1} | changes)


@pytest.mark.rule("ECAT-08")
def test_a_watchdog_of_zero_is_off_and_so_not_too_short():
    its = options(subdevices=[SubDeviceMap(1, sm_watchdog=0), SubDeviceMap(2, sm_watchdog=6.5535)])
    assert its.subdevices[0].sm_watchdog == 0


@pytest.mark.rule("ECAT-09")
@pytest.mark.parametrize(
    ("pdos", "bits"),
    [
        ([], None),
        ([(None, 16)], 16),
        ([(None, 16), (None, 3)], 19),
        ([(8, 16), (None, 3)], 27),
        ([(8, 16), (0, 3)], 24),
        ([(None, None)], None),
        ([(None, 8), (32, None)], None),
        ([(None, None), (32, 8)], None),
    ],
)
def test_pdos_are_behind_one_another_unless_they_say_where(pdos: list[Any], bits: int | None):
    entries = tuple(PdoEntry(0x1600 + n, *place) for n, place in enumerate(pdos))
    assert known_bits(SubDeviceMap(1, rx_pdos=entries).rx_pdos) == bits


@pytest.mark.rule("ECAT-10")
@given(st.integers(1, 8), st.integers(-(2**70), 2**70))
def test_a_number_is_written_in_the_size_that_it_says_or_refused(size: int, value: int):
    if -(1 << 8 * size - 1) <= value < 1 << 8 * size:
        written = StartupSdo(0x8000, 1, value, size).payload
        assert len(written) == size
        assert int.from_bytes(written, "little", signed=value < 0) == value
    else:
        with pytest.raises(InvalidArgument, match=f"value {value} does not fit in {size} byte"):
            StartupSdo(0x8000, 1, value, size)


@pytest.mark.rule("ECAT-10")
def test_a_float_and_bytes_are_written_as_they_are():
    assert StartupSdo(0x8000, 1, 1.5, 4).payload == struct.pack("<f", 1.5)
    assert StartupSdo(0x8000, 1, 1.5, 8).payload == struct.pack("<d", 1.5)
    assert StartupSdo(0x8000, data=b"abc").payload == b"abc"


@pytest.mark.rule("ECAT-10")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"index": 0x10000}, "index must be 0x0 to 0xFFFF, not 0x10000"),
        ({"subindex": 256}, "subindex must be 0 to 255, not 256"),
        ({}, "give either value and size, or data"),
        ({"value": 1, "size": 1, "data": b"1"}, "give either value and size, or data"),
        ({"value": 1}, "size is missing: how many bytes is 1"),
        ({"value": 1, "size": 9}, "size must be 1 to 8, not 9"),
        ({"value": 1.5, "size": 2}, "size of a float must be 4 or 8, not 2"),
        ({"value": 1e39, "size": 4}, "value 1e.39 does not fit in a float of 4 bytes"),
        ({"value": True, "size": 1}, "value must be a number, not True"),
        ({"value": "1", "size": 1}, "value must be a number, not '1'"),
        ({"data": "01"}, "data must be bytes, not '01'"),
        ({"data": b"ab", "size": 1}, "size is 1, and data has 2 bytes"),
        ({"data": b""}, "data must not be empty"),
        ({"data": b"a", "complete": 1}, "complete must be true or false, not 1"),
    ],
)
def test_a_startup_sdo_that_cannot_be_is_refused(changes: dict[str, Any], said: str):
    with pytest.raises(TaktoraError, match=said):
        StartupSdo(**{"index": 0x8000} | changes)


@pytest.mark.rule("ECAT-09")
def test_a_pdo_may_be_its_index_alone_in_code_and_in_files():
    wanted = (PdoEntry(0x1601), PdoEntry(0x1602, bit_length=8))
    assert SubDeviceMap(1, rx_pdos=[0x1601, wanted[1]]).rx_pdos == wanted
    text = "subdevice = 1\ntx_pdos = [0x1601, { index = 0x1602, bit_length = 8 }]"
    made, problems = examine(tomllib.loads(text), SubDeviceMap)
    assert made.tx_pdos == wanted
    assert not problems


@pytest.mark.rule("ECAT-08", "ECAT-09", "ECAT-10")
def test_a_file_is_told_every_mistake_at_its_path():
    bad = (
        FILE.replace('"eth1"', '"eth 1"')
        .replace('"1 ms"', '"0.5 ms"')
        .replace("size = 2", "size = 0")
        .replace("index = 0x8011", "index = 0x18011")
        .replace("bit_offset = 64", "bit_offset = 40")
        .replace('name = "axis"', "nam = 1")
    )
    _, problems = examine(tomllib.loads(bad), EthercatOptions, at=("options",))
    assert {str(one).partition(": ")[0] for one in problems} == {
        "options.network_interface",
        "options.cycle_time",
        "options.subdevices[0].rx_pdos",
        "options.subdevices[0].startup_sdos[0].size",
        "options.subdevices[0].startup_sdos[1].index",
        "options.subdevices[0].nam",
    }
    assert len(problems) == 6
