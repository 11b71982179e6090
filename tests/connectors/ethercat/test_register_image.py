"""What the registers of a SubDevice say of its setup, and what is written to get it again."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors.ethercat.register_image import RegisterImage, has_mailbox
from taktora.connectors.ethercat.spans import Span, spans_of
from taktora.errors import BusError


def sm(
    start: int, length: int, control: int, *, status: int = 0, activate: int = 1, pdi: int = 0
) -> bytes:
    return struct.pack("<HHBBBB", start, length, control, status, activate, pdi)


def fmmu(logical: int, bits: range, memory: int, kind: int, *, active: int = 1) -> bytes:
    """``bits``: of the logical image, counted from the byte at ``logical``."""
    length = (bits.stop + 7) // 8
    return struct.pack(
        "<IHBBHBBB3x", logical, length, bits.start, (bits.stop - 1) % 8, memory, 0, kind, active
    )


MAILBOX = sm(0x1000, 128, 0x26, status=0x08) + sm(0x1080, 128, 0x22, status=0x48, activate=3, pdi=1)
PROCESS_DATA = sm(0x1100, 4, 0x64, status=0x03) + sm(0x1180, 6, 0x20)
FMMUS = fmmu(0, range(32), 0x1100, 2) + fmmu(16, range(48), 0x1180, 1)


@pytest.mark.rule("SOEM-21")
def test_a_mailbox_is_set_up_in_init_after_everything_was_switched_off() -> None:
    image = RegisterImage(MAILBOX + PROCESS_DATA, FMMUS)
    assert list(image.mailbox_writes()) == [
        (0x0600, bytes(32)),
        (0x0800, bytes(32)),
        (0x0800, sm(0x1000, 128, 0x26) + sm(0x1080, 128, 0x22)),
    ]
    assert list(image.process_data_writes()) == [
        (0x0810, sm(0x1100, 4, 0x64) + sm(0x1180, 6, 0x20)),
        (0x0600, FMMUS),
    ]


@pytest.mark.rule("SOEM-21")
def test_a_subdevice_without_a_mailbox_has_process_data_from_its_first_syncmanager_on() -> None:
    image = RegisterImage(PROCESS_DATA, FMMUS)
    assert not image.has_mailbox
    assert list(image.mailbox_writes()) == [(0x0600, bytes(32)), (0x0800, bytes(16))]
    assert next(image.process_data_writes()) == (
        0x0800,
        sm(0x1100, 4, 0x64) + sm(0x1180, 6, 0x20),
    )


@pytest.mark.parametrize(
    ("registers", "there_is_one"),
    [
        (sm(0x1000, 128, 0x26), True),
        (sm(0x1000, 128, 0x26, activate=0), False),
        (sm(0x1000, 0, 0x26), False),
        (sm(0x1000, 2, 0x64), False),
        (b"", False),
    ],
)
def test_a_mailbox_is_a_syncmanager_that_is_on_and_in_mailbox_mode(
    registers: bytes, there_is_one: bool
) -> None:
    assert has_mailbox(registers) is there_is_one


@pytest.mark.rule("SOEM-04")
def test_outputs_and_inputs_lie_where_active_fmmus_say() -> None:
    off = fmmu(99, range(8), 0, 2, active=0)
    bits = fmmu(7, range(6, 10), 0x1180, 1)
    assert spans_of(off + FMMUS[:16] + bits, 1) == (
        Span(0, 32, physical=0x1100 * 8),
        Span(7 * 8 + 6, 4, physical=0x1180 * 8),
    )
    assert spans_of(b"", 1) == (Span(0, 0), Span(0, 0))


@pytest.mark.rule("SOEM-04")
@given(st.lists(st.integers(1, 20), min_size=1, max_size=4), st.integers(0, 7))
def test_several_syncmanagers_make_one_image_if_they_lie_together(
    sizes: list[int], first: int
) -> None:
    registers, at = [], 800 + first
    for number, bits in enumerate(sizes):
        registers.append(fmmu(at // 8, range(at % 8, at % 8 + bits), 0x1000 + number, 2))
        at += bits
    outputs, inputs = spans_of(b"".join(reversed(registers)), 1)
    assert (outputs.start, outputs.bits, inputs.bits) == (800 + first, sum(sizes), 0)
    assert outputs.physical == 0x1000 * 8


@pytest.mark.rule("SOEM-04")
def test_an_image_in_pieces_is_refused() -> None:
    with pytest.raises(BusError, match="SubDevice 5 lie in pieces: bits 0 to 7 and from 16 on"):
        spans_of(fmmu(0, range(8), 0, 2) + fmmu(2, range(8), 0, 2), 5)
