"""Objects at run time, in virtual time: one between two cycles, and every request settled."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora import every
from taktora.connectors import ConnectorDown, RemoteConnector
from taktora.connectors.ethercat.bus import LOST
from taktora.connectors.ethercat.connector import EthercatRemote
from taktora.connectors.ethercat.mock import MockBusDriver
from taktora.connectors.ethercat.mock_subdevice import MockSubDevice
from taktora.connectors.ethercat.sdo import SdoAnswers
from taktora.connectors.ethercat.sdo_messages import CODEC, SdoReply, SdoRequest
from taktora.connectors.ethercat.subdevice_map import SubDeviceMap
from taktora.errors import (
    AskTimeout,
    BackPressure,
    BlockingInActor,
    BusError,
    ConnectorClosed,
    ConnectorError,
    InvalidArgument,
    PayloadOverflow,
    SdoAbort,
    WrongType,
)

from .bench import MS, Bench, options

OBJECTS = {
    (0x1000, 0): b"\x91\x01\x00\x00",
    (0x1008, 0): b"Terminal\0\0",
    (0x2000, 1): b"\xfe\xff",
    (0x2000, 2): b"\x00\x00\x80?",
    (0x3000, 0): bytes(20_000),
}


@pytest.fixture
def bench(bench_of) -> Bench:
    driver = MockBusDriver(MockSubDevice(objects=dict(OBJECTS)), MockSubDevice())
    return bench_of(driver, subdevices=(SubDeviceMap(1, name="axis"),)).begin()


@pytest.mark.rule("EGW-42", "EGW-48")
def test_objects_are_read_and_written_as_what_is_asked_for(bench):
    read = bench.connector.read_sdo
    assert read(1, 0x1000) == b"\x91\x01\x00\x00"
    assert read("axis", 0x1000, 0, int) == 0x191
    assert read(1, 0x1008, 0, str) == "Terminal"
    assert (read(1, 0x2000, 1, int), read(1, 0x2000, 1, int, signed=True)) == (0xFFFE, -2)
    assert read(1, 0x2000, 2, float) == 1.0
    assert read(1, 0x2000, 1, complete=True) == b"\xfe\xff\x00\x00\x80?"
    assert bench.connector.write_sdo("axis", 0x2000, 1, -7, 2) is None
    bench.connector.write_sdo(1, 0x2000, 2, 0.5, 4)
    bench.connector.write_sdo(1, 0x1000, 0, b"abcd")
    assert bench.driver.sdo_writes == [
        (1, 0x2000, 1, b"\xf9\xff"),
        (1, 0x2000, 2, b"\x00\x00\x00?"),
        (1, 0x1000, 0, b"abcd"),
    ]


@pytest.mark.rule("EGW-42")
def test_what_the_driver_raises_comes_back(bench):
    with pytest.raises(SdoAbort, match="there is no such object") as raised:
        bench.connector.read_sdo(1, 0x1234, 5)
    error = raised.value
    assert (error.position, error.index, error.subindex, error.code) == (1, 0x1234, 5, 0x06020000)
    with pytest.raises(SdoAbort, match="its length is 4 bytes, not 1"):
        bench.connector.write_sdo(1, 0x1000, 0, b"1")
    with pytest.raises(BusError, match="has no mailbox"):
        bench.connector.read_sdo(2, 0x1000)
    with pytest.raises(BusError, match="there is no SubDevice 9"):
        bench.connector.read_sdo(9, 0x1000)
    with pytest.raises(BusError, match="no SubDevice is called 'axle' in the options"):
        bench.connector.read_sdo("axle", 0x1000)


@pytest.mark.rule("EGW-48")
def test_what_cannot_be_read_so_is_told(bench):
    with pytest.raises(BusError, match="has 2 bytes; a float has 4 or 8"):
        bench.connector.read_sdo(1, 0x2000, 1, float)
    with pytest.raises(BusError, match="is no text"):
        bench.connector.read_sdo(1, 0x2000, 1, str)


@pytest.mark.rule("EGW-48")
@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ((1.5, 0x1000), WrongType, "subdevice must be a position or a name"),
        ((True, 0x1000), WrongType, "subdevice must be a position or a name"),
        ((1, 0x10000), InvalidArgument, "index must be 0x0 to 0xFFFF"),
        ((1, 0x1000, 256), InvalidArgument, "subindex must be 0 to 255"),
        ((1, 0x1000, 0, list), WrongType, "as bytes, int, float or str, not as"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_asked(bench, arguments, error, said):
    with pytest.raises(error, match=said):
        bench.connector.read_sdo(*arguments)
    with pytest.raises(InvalidArgument):
        bench.connector.read_sdo(1, 0x1000, timeout=0)
    for value, size, text in ((300, 1, "does not fit"), (1, None, "size is missing")):
        with pytest.raises(InvalidArgument, match=text):
            bench.connector.write_sdo(1, 0x1000, 0, value, size)
    with pytest.raises(PayloadOverflow):
        bench.connector.write_sdo(1, 0x1000, 0, bytes(20_000))
    assert bench.link._answers.done == 0


@pytest.mark.rule("EGW-40", "EGW-43")
def test_futures_are_settled_in_the_order_of_asking_one_between_two_cycles(bench):
    settled: list[Any] = []
    futures = [
        bench.connector.read_sdo(1, index, block=False)
        for index in (0x1000, 0x1234, 0x1008, 0x1000)
    ]
    for number, future in enumerate(futures):
        future.add_done_callback(lambda _, number=number: settled.append(number))
    done = []
    for _ in range(6):
        bench.advance(1)
        done.append(bench.link._answers.done)
    assert done == [1, 2, 3, 4, 4, 4]
    assert settled == [0, 1, 2, 3]
    assert futures[3].get(timeout=0) == b"\x91\x01\x00\x00"
    with pytest.raises(SdoAbort):
        futures[1].get(timeout=0)


@pytest.mark.rule("EGW-43")
def test_waiting_where_actors_run_is_refused_before_anything_is_asked(bench):
    raised, futures = [], []

    @every(0.001)
    def control() -> None:
        if raised:
            return
        try:
            bench.connector.read_sdo(1, 0x1000)
        except BlockingInActor as error:
            raised.append(error)
        futures.append(bench.connector.read_sdo(1, 0x1000, block=False))

    bench.sim.add(control)
    bench.advance(10)
    assert len(raised) == 1
    assert bench.link._answers.done == 1
    assert futures[0].get(timeout=0) == b"\x91\x01\x00\x00"


@pytest.mark.rule("EGW-44")
def test_while_the_bus_is_not_in_operation_they_raise_at_once(bench_of):
    bench = bench_of(MockBusDriver(MockSubDevice(objects=dict(OBJECTS))))
    with pytest.raises(ConnectorError, match="registered with no executor"):
        bench.connector.read_sdo(1, 0x1000)
    bench.connector.register_with(bench.sim)
    bench.advance(2)
    assert bench.state == "Connecting"
    with pytest.raises(ConnectorDown, match="connector 'bus' is down: connecting"):
        bench.connector.read_sdo(1, 0x1000)
    bench.advance(20)
    bench.driver.cut = True
    bench.advance(60)
    with pytest.raises(ConnectorDown, match="50 frames in a row"):
        bench.connector.write_sdo(1, 0x1000, 0, b"abcd")
    assert bench.driver.sdo_writes == []


@pytest.mark.rule("EGW-44")
def test_what_was_asked_before_it_went_down_fails_and_is_not_done_later(bench):
    bench.connector.read_sdo(1, 0x1000)
    bench.driver.play(*[LOST] * 50)
    bench.advance(48)
    bench.link._sdos.turn = lambda: None  # busy with something that takes long
    waiting = [bench.connector.write_sdo(1, 0x1000, 0, b"abcd", block=False) for _ in range(3)]
    bench.advance(2)
    assert bench.states() == ["Degraded", "Down"]
    bench.advance(60)
    for future in waiting:
        with pytest.raises(ConnectorDown, match="50 frames in a row"):
            future.get(timeout=0)
    bench.advance(300)
    assert bench.state == "Up"
    assert bench.driver.sdo_writes == []
    assert bench.connector.read_sdo(1, 0x1000) == OBJECTS[0x1000, 0]


@pytest.mark.rule("EGW-44")
def test_an_outage_that_is_over_is_no_later_requests(bench_of):
    """Although whoever looks at health every 50 ms has not seen it yet."""
    bench = bench_of(
        MockBusDriver(MockSubDevice(objects=dict(OBJECTS))), retry=0.002, lost_frames=5
    ).begin()
    bench.connector.read_sdo(1, 0x1000)
    while bench.sim.now_ns % (50 * MS) != MS:
        bench.advance(1)
    bench.driver.play(*[LOST] * 5)
    bench.advance(20)
    assert bench.states() == ["Degraded", "Down", "Connecting", "Up"]
    bench.link._sdos.turn = lambda: None  # what is asked now is not answered before that look
    future = bench.connector.read_sdo(1, 0x1000, block=False)
    bench.advance(40)
    assert not future.done
    del bench.link._sdos.turn
    bench.advance(5)
    assert future.get(timeout=0) == OBJECTS[0x1000, 0]


@pytest.mark.rule("EGW-45")
def test_a_request_whose_time_is_up_is_settled_and_not_done(bench):
    bench.connector.read_sdo(1, 0x1000)
    turn = bench.link._sdos.turn
    bench.link._sdos.turn = lambda: None
    future = bench.connector.write_sdo(1, 0x1000, 0, b"abcd", timeout=0.2, block=False)
    bench.advance(199)
    assert not future.done
    bench.advance(60)
    with pytest.raises(AskTimeout, match="SubDevice 1 gave no answer about object 0x1000:00"):
        future.get(timeout=0)
    with pytest.raises(AskTimeout):
        bench.connector.read_sdo(1, 0x1000, timeout=0.1)
    bench.link._sdos.turn = turn
    bench.advance(10)
    assert bench.driver.sdo_writes == []
    assert bench.connector.read_sdo(1, 0x1000) == OBJECTS[0x1000, 0]


@pytest.mark.rule("EGW-45")
def test_closing_settles_what_waits_and_refuses_what_comes(bench):
    future = bench.connector.read_sdo(1, 0x1000, block=False)
    bench.link._sdos.turn = lambda: None
    bench.connector.close()
    with pytest.raises(ConnectorClosed, match="closed before the answer came"):
        future.get(timeout=0)
    with pytest.raises(ConnectorClosed):
        bench.connector.read_sdo(1, 0x1000)


@pytest.mark.rule("EGW-45")
def test_closing_while_answers_come_fails_no_actor(bench):
    future = bench.connector.read_sdo(1, 0x1000, block=False)
    for _, port in bench.connector._ports:  # as close() begins, while the actors still run
        port.close()
    bench.advance(100)
    bench.connector.close()
    with pytest.raises(ConnectorClosed):
        future.get(timeout=0)


@pytest.mark.rule("EGW-40")
def test_more_than_there_is_room_for_wait_in_the_channel_and_then_are_refused(bench_of):
    bench = bench_of(
        MockBusDriver(MockSubDevice(objects=dict(OBJECTS))), common={"queue": 4}
    ).begin()
    bench.connector.read_sdo(1, 0x1000)
    turn = bench.link._sdos.turn
    bench.link._sdos.turn = lambda: None
    futures = []
    with pytest.raises(BackPressure):
        for _ in range(1000):
            futures.append(bench.connector.read_sdo(1, 0x1000, block=False))
            bench.sim.run_until_idle()
    assert len(futures) >= 4 + 16
    bench.link._sdos.turn = turn
    bench.advance(100)
    assert {future.get(timeout=0) for future in futures} == {OBJECTS[0x1000, 0]}


@pytest.mark.rule("EGW-41")
def test_plug_ins_are_told_their_own_answers_only(bench):
    gateway = bench.connector
    with EthercatRemote("bus", node=bench.sim, heartbeat=0.1, stale_after=0.5) as other:
        from taktora.connectors.health import Up

        other.register_with(bench.sim)
        other._keeper.become(Up())  # nobody shines here: the gateway is registered, not served
        assert isinstance(other, RemoteConnector)
        mine = [gateway.read_sdo(1, 0x1000, block=False) for _ in range(3)]
        theirs = [other.read_sdo("axis", 0x1008, 0, str, block=False) for _ in range(3)]
        bench.advance(20)
        assert {future.get(timeout=0) for future in mine} == {OBJECTS[0x1000, 0]}
        assert {future.get(timeout=0) for future in theirs} == {"Terminal"}


@pytest.mark.rule("EGW-47")
@given(st.binary(max_size=200))
def test_whatever_bytes_come_the_answer_is_an_error(data):
    driver = MockBusDriver(MockSubDevice(objects=dict(OBJECTS)))
    answers = SdoAnswers(driver, options().position_of)
    reply = CODEC.decode(memoryview(answers.answer(data, 0)), SdoReply)
    assert reply.error
    assert answers.done == 0


@pytest.mark.rule("EGW-47")
def test_an_object_that_is_too_large_for_an_answer_is_an_error_that_says_so(bench):
    with pytest.raises(BusError, match="the object has 20000 bytes, too many to be passed on"):
        bench.connector.read_sdo(1, 0x3000)


@pytest.mark.rule("EGW-42")
@given(
    st.one_of(
        st.builds(SdoReply, data=st.none() | st.binary()),
        st.builds(SdoAbort, *[st.integers(1, 99)] * 4, st.text()).map(SdoReply.of),
        st.text(min_size=1).map(lambda text: SdoReply.of(BusError(text))),
    )
)
def test_answers_arrive_as_they_were_given(reply):
    again = CODEC.decode(memoryview(CODEC.dumps(reply)), SdoReply)
    assert again == reply
    assert repr(again.exception) == repr(reply.exception)


@pytest.mark.rule("EGW-42")
@given(st.binary(max_size=50), st.integers() | st.text(max_size=5), st.booleans())
def test_requests_arrive_as_they_were_asked(data, subdevice, complete):
    if isinstance(subdevice, int) and abs(subdevice) >= 2**63:
        subdevice = 1
    request = SdoRequest(subdevice, 1, 2, data, complete=complete, expires_ns=7)
    assert CODEC.decode(memoryview(CODEC.dumps(request)), SdoRequest) == request
