"""Objects over CoE at run time, beside process data."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from taktora.connectors.ethercat.subdevice_map import StartupSdo, SubDeviceMap
from taktora.errors import BusError, SdoAbort

from .conftest import Bus

pytestmark = pytest.mark.segment

MakeBus = Callable[..., Bus]


@pytest.mark.rule("SOEM-50")
def test_objects_of_any_size_are_written_and_read(make_bus: MakeBus) -> None:
    bus = make_bus(1)
    for size in (1, 4, 5, 100, 128, 256, 257, 4096):
        data = bytes(n % 251 for n in range(size))
        bus.driver.write_sdo(1, 0x8002, 0, data)
        assert bus.driver.read_sdo(1, 0x8002, 0) == data


@pytest.mark.rule("SOEM-02", "SOEM-50")
def test_all_subindices_are_read_and_written_at_once(make_bus: MakeBus) -> None:
    chosen = b"\x02\x00\x01\x16\x00\x16"  # subindex 0 takes 16 bits, then two of 16 bits
    its = SubDeviceMap(1, startup_sdos=(StartupSdo(0x1C12, 0, data=chosen, complete=True),))
    bus = make_bus([{"type": "loopback", "bytes": 6, "pdo_bytes": 2}], subdevices=[its])
    assert bus.found.subdevices[0].output_bits == 32
    assert bus.driver.read_sdo(1, 0x1C12, 0, complete=True) == chosen
    assert bus.driver.read_sdo(1, 0x1C12, 1) == b"\x01\x16"


@pytest.mark.rule("SOEM-50")
def test_a_refusal_is_an_abort_with_its_code_and_the_next_access_works(make_bus: MakeBus) -> None:
    bus = make_bus([{"type": "loopback"}, {"type": "digital-out"}])
    refused = [
        (lambda: bus.driver.read_sdo(1, 0x9999, 0), 0x0602_0000),
        (lambda: bus.driver.read_sdo(1, 0x8000, 99), 0x0609_0011),
        (lambda: bus.driver.read_sdo(1, 0x8000, 10), 0x0601_0001),
        (lambda: bus.driver.write_sdo(1, 0x8000, 11, b"ab"), 0x0601_0002),
        (lambda: bus.driver.write_sdo(1, 0x8000, 5, b"abc"), 0x0607_0012),
        (lambda: bus.driver.write_sdo(1, 0x8000, 5, b"\xff"), 0x0609_0031),
    ]
    for access, code in refused:
        with pytest.raises(SdoAbort) as caught:
            access()
        assert caught.value.code == code
        assert caught.value.position == 1
    assert bus.driver.read_sdo(1, 0x8000, 5) == b"\x0a"
    with pytest.raises(BusError, match="SubDevice 2 has no mailbox, and so no objects"):
        bus.driver.read_sdo(2, 0x1018, 1)
    with pytest.raises(BusError, match="no SubDevice 3; there are 2"):
        bus.driver.read_sdo(3, 0x1018, 1)


@pytest.mark.rule("SOEM-51")
def test_objects_are_accessed_by_other_threads_while_one_exchanges(make_bus: MakeBus) -> None:
    bus = make_bus(3, frame_timeout=0.1)  # all of them and the simulator, on what CPUs there are
    wrong: list[object] = []
    done = threading.Event()

    def access(position: int) -> None:
        for turn in range(25):
            data = bytes([position, turn]) * (20 * turn + 1)
            bus.driver.write_sdo(position, 0x8002, 0, data)
            if bus.driver.read_sdo(position, 0x8002, 0) != data:
                wrong.append((position, turn))

    def all_of_them() -> None:
        threads = [threading.Thread(target=access, args=(n,)) for n in (1, 2, 3)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        done.set()

    thread = threading.Thread(target=all_of_them)
    thread.start()
    counters = set()
    turn = 0
    while not done.is_set():
        turn += 1
        bus.driver.outputs(2)[:] = turn.to_bytes(4, "little")
        counters.add(bus.driver.exchange())
    thread.join()
    assert wrong == []
    assert counters == {9}
    assert all(one.is_op for one in bus.driver.states())


@pytest.mark.rule("SOEM-51")
def test_a_mailbox_that_does_not_answer_holds_up_nobody(make_bus: MakeBus) -> None:
    bus = make_bus(2, sdo_timeout=0.4, frame_timeout=0.1)
    bus.segment.fault("stuck-mailbox", subdevice=1)
    failed: list[BaseException] = []

    def access() -> None:
        try:
            bus.driver.read_sdo(1, 0x8000, 5)
        except BusError as error:
            failed.append(error)

    thread = threading.Thread(target=access)
    thread.start()
    cycles = 0
    while thread.is_alive():
        assert bus.driver.exchange() == 6
        if cycles % 10 == 0:
            bus.driver.states()
        cycles += 1
    assert "its mailbox did not answer in time" in str(failed[0])
    assert cycles > 100
    bus.segment.heal()
    assert bus.driver.read_sdo(1, 0x8000, 5) == b"\x0a"


@pytest.mark.rule("SOEM-52")
def test_emergencies_come_with_a_sweep_or_an_access_and_make_nothing_fail(
    make_bus: MakeBus,
) -> None:
    bus = make_bus(3, frame_timeout=0.1)
    bus.segment.call(2, "emergency", 0x8130, 0x11, b"\1\2\3\4\5")
    assert bus.driver.read_sdo(2, 0x8000, 5) == b"\x0a"
    (one,) = bus.driver.emergencies()
    assert (one.position, one.code, one.register) == (2, 0x8130, 0x11)
    assert one.data == b"\1\2\3\4\5"
    assert str(one) == (
        "SubDevice 2: emergency 0x8130 (monitoring), error register 0x11, data 01 02 03 04 05"
    )
    assert bus.driver.emergencies() == ()
    bus.segment.call(1, "emergency", 0x3100)
    bus.segment.call(3, "emergency", 0x4200)
    bus.segment.call(3, "emergency", 0x0000)
    with pytest.raises(SdoAbort):
        bus.driver.read_sdo(3, 0x9999, 0)
    for _ in range(4):
        bus.driver.states()
    assert {(one.position, one.code) for one in bus.driver.emergencies()} == {
        (1, 0x3100),
        (3, 0x4200),
        (3, 0x0000),
    }
