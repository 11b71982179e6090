"""An object dictionary with one of everything, for tests."""

from __future__ import annotations

from taktora.segment.data_types import DataType
from taktora.segment.object_dictionary import ObjectDictionary
from taktora.segment.objects import Access, Entry, array, record, var

TEXT, MEMORY, NUMBERS, THINGS, LIST, SECRET, MIXED = range(0x2000, 0x2007)
ODD = 0x2008


def one_of_everything() -> ObjectDictionary:
    rw, ro, wo, pre = Access.RW, Access.RO, Access.WO, Access.RW_PRE_OP
    u8, u16, u32 = DataType.UNSIGNED8, DataType.UNSIGNED16, DataType.UNSIGNED32
    return ObjectDictionary(
        [
            var(TEXT, "Text", DataType.VISIBLE_STRING, "", access=rw, bits=8 * 600),
            var(MEMORY, "Memory", DataType.OCTET_STRING, b"", access=rw, bits=8 * 5000),
            array(NUMBERS, "Numbers", [Entry(f"N{n}", u16, n, rw) for n in range(1, 6)]),
            record(
                THINGS,
                "Things",
                [
                    Entry("Signed", DataType.INTEGER16, -3, rw, minimum=-10, maximum=10),
                    Entry("Real", DataType.REAL32, 1.5, rw, minimum=0, maximum=2),
                    Entry("Wide", DataType.UNSIGNED64, 0, rw),
                    None,
                    Entry("Fixed", u32, 0xDEADBEEF, ro),
                    Entry("Hidden", u32, 7, wo),
                    Entry("Early", u8, 1, pre),
                    Entry("Flag", DataType.BOOLEAN, False, rw),
                    Entry("Three", DataType.BIT3, 5, rw | Access.BACKUP, unit=0x00010000),
                ],
            ),
            array(LIST, "List", [Entry(f"L{n}", u16, 0, rw) for n in range(8)],
                  count_access=rw, count=0),
            var(SECRET, "Secret", u32, 1, access=wo),
            record(MIXED, "Mixed", [Entry("Name", DataType.VISIBLE_STRING, "abc", rw, bits=64),
                                    Entry("Raw", DataType.OCTET_STRING, b"\1\2", rw, bits=16)]),
            record(ODD, "Fixed", [Entry("A", u8, 1), Entry("B", u8, 2)]),
        ]
    )  # fmt: skip
