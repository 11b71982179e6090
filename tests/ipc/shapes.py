"""Payload types that the tests share."""

from __future__ import annotations

import ctypes


class Vector(ctypes.Structure):
    _fields_ = [("x", ctypes.c_double), ("y", ctypes.c_double)]


class Imu(ctypes.Structure):
    _fields_ = [
        ("stamp", ctypes.c_uint64),
        ("position", Vector),
        ("gyro", ctypes.c_double * 3),
        ("track", Vector * 2),
        ("grid", (ctypes.c_int16 * 2) * 3),
        ("name", ctypes.c_char * 8),
        ("low", ctypes.c_uint8, 3),
        ("high", ctypes.c_uint8, 5),
    ]


class Either(ctypes.Union):
    _fields_ = [("whole", ctypes.c_uint32), ("parts", ctypes.c_uint16 * 2)]


class Big(ctypes.BigEndianStructure):
    _fields_ = [("a", ctypes.c_uint16), ("b", ctypes.c_int32)]


class Inner(ctypes.Structure):
    _fields_ = [("left", ctypes.c_int32), ("point", Vector)]


class Anonymous(ctypes.Structure):
    _anonymous_ = ("inner",)
    _fields_ = [("first", ctypes.c_int32), ("inner", Inner)]


class Base(ctypes.Structure):
    _fields_ = [("where", Vector)]


class Derived(Base):
    _fields_ = [("when", ctypes.c_uint64)]


class Demanding(ctypes.Structure):
    """Cannot be made without an argument, and refuses attributes of its own."""

    __slots__ = ()
    _fields_ = [("a", ctypes.c_int32)]

    def __init__(self, a):
        super().__init__(a)


class Named(ctypes.Structure):
    _fields_ = [("type_name", ctypes.c_int32)]


class Packed(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("a", ctypes.c_uint8), ("b", ctypes.c_uint32)]
