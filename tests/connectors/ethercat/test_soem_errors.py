"""pysoem's exceptions in words."""

from __future__ import annotations

import pysoem
import pytest

from taktora.connectors.ethercat.sdo_abort import SDO_ABORT, sdo_abort_text
from taktora.connectors.ethercat.soem_errors import as_bus_error
from taktora.errors import BusError, SdoAbort

pytestmark = pytest.mark.rule("SOEM-30")


def test_a_refused_object_carries_its_code_and_its_code_in_words() -> None:
    found = as_bus_error(
        pysoem.SdoError(2, 0x1018, 9, 0x06090011, "subindex"), "reading", 2, 0x1018, 9
    )
    assert isinstance(found, SdoAbort)
    assert (found.position, found.index, found.subindex, found.code) == (2, 0x1018, 9, 0x06090011)
    assert str(found) == (
        "SubDevice 2 refused object 0x1018:09: there is no such subindex (abort code 0x06090011)"
    )


def test_a_code_is_unsigned_and_an_unknown_one_has_the_words_of_the_library() -> None:
    found = as_bus_error(pysoem.SdoError(1, 0x2000, 0, -0x7FFFFFFF, "its own"), "reading")
    assert isinstance(found, SdoAbort)
    assert found.code == 0x80000001
    assert "0x2000:00: its own (abort code 0x80000001)" in str(found)
    assert sdo_abort_text(0x12345678) == "for a reason of its own"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (pysoem.WkcError(wkc=-1), "SubDevice 3, while reading it: no frame came back"),
        (pysoem.WkcError(wkc=0), "did not answer at its address"),
        (pysoem.WkcError(wkc=-5), "its mailbox did not answer in time"),
        (pysoem.WkcError(wkc=-2), "another MainDevice"),
        (pysoem.WkcError(), "did not answer at its address, or frames are lost"),
        (pysoem.WkcError(wkc=7), "a working counter of 7"),
        (pysoem.PacketError(3, 3), "larger than the room"),
        (pysoem.PacketError(3, 1), "does not belong"),
        (pysoem.PacketError(3, 99), "mailbox packet error 99"),
        (pysoem.MailboxError(3, 5, "size error"), "mailbox error 0x0005: size error"),
        (pysoem.Emergency(3, 0x8130, 0x11, 1, 2, 3), "emergency 0x8130, error register 0x11"),
        (pysoem.NetworkInterfaceNotOpenError(), "not open"),
        (ConnectionError("could not open interface x"), "could not open interface x"),
        (RuntimeError(), "RuntimeError"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_each_says_what_was_done_with_whom_and_what_is_wrong(error: Exception, said: str) -> None:
    found = as_bus_error(error, "reading it", 3)
    assert type(found) is BusError
    assert str(found).startswith("SubDevice 3, while reading it: ")
    assert said in str(found)


def test_all_that_is_wrong_with_a_mapping_is_told_with_who() -> None:
    error = pysoem.ConfigMapError(
        [
            pysoem.SdoError(4, 0x1C12, 0, 0x06020000, "no"),
            pysoem.MailboxError(5, 2, "not supported"),
        ]
    )
    assert str(as_bus_error(error, "mapping process data")) == (
        "SubDevice 4 refused object 0x1C12:00: there is no such object (abort code 0x06020000); "
        "SubDevice 5, while mapping process data: mailbox error 0x0002: not supported"
    )


def test_the_bus_as_a_whole_is_named_where_it_is_nobody_in_particular() -> None:
    assert str(as_bus_error(ConnectionError("gone"), "opening eth1")).startswith(
        "the bus, while opening eth1: "
    )


def test_every_code_of_the_standard_has_words_of_its_own() -> None:
    assert len(set(SDO_ABORT.values())) == len(SDO_ABORT)
