"""Getting a payload into a loan: shared by publishers, clients and requests being answered."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final, Protocol
from weakref import ref

from taktora.errors import BorrowLimitReached, InvalidArgument, IpcError, PayloadTooLarge, WrongType
from taktora.transport.memory import Anchor, block_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from taktora.errors import ChannelError
    from taktora.transport.kind import PayloadKind

__all__ = ["FIRST_BYTES", "MAX_LOANS", "Lender", "Loaned", "Outlet"]

FIRST_BYTES: Final = 4096
"""Payload size that a growing ``bytes`` port starts with."""

_SMALL: Final = 1024
"""Bytes that are joined sooner than a second copy is begun."""

MAX_LOANS: Final = 8
"""Payloads that one port may have on loan at a time."""


class Lender(Protocol):
    """What a loan is taken from: a publisher, a client, or a request being answered.

    Handed on whole, so that a traceback that somebody keeps holds this object, which lets go of
    iceoryx2 when it is closed, and not the raw port, whose files would stay as long.
    """

    _raw: Any

    @property
    def _loan(self) -> Callable[..., Any]:
        """Lends: ``f()``, for ``bytes`` ``f(size)``."""


class Outlet:
    """Turns values into initialised loans of one port. Any thread; owns nothing but facts."""

    __slots__ = ("_free", "_largest", "_loan_error", "assume_init", "kind", "max_bytes")

    def __init__(
        self,
        kind: PayloadKind,
        max_bytes: int | None,
        assume_init: Callable[[Any], Any],
        *,
        loan_error: type[Exception],
        free: Callable[[], int],
    ) -> None:
        """``loan_error`` is what the transport raises for a loan that it cannot give.

        ``free()`` says how many bytes a growing port may still grow by.
        """
        self.kind = kind
        self.max_bytes = max_bytes
        self.assume_init = assume_init
        self._loan_error = loan_error
        self._free = free
        self._largest = FIRST_BYTES

    def filled(self, lender: Lender, value: Any) -> Any:
        """An initialised loan with a copy of ``value``, ready to send."""
        kind = self.kind
        if kind.size is not None:
            source = ctypes.byref(value) if type(value) is kind.exact else kind.source(value)
            raw = self.lend(lender, None)
            ctypes.memmove(raw.payload_ptr, source, kind.size)
            return self.assume_init(raw)
        source = kind.source(value)
        raw = self.lend(lender, len(source))
        if isinstance(source, bytes):
            ctypes.memmove(raw.payload_ptr, source, len(source))
        elif len(source):
            memoryview(block_at(raw.payload_ptr, len(source), None)).cast("B")[:] = source
        return self.assume_init(raw)

    def joined(self, lender: Lender, head: bytes, body: bytes | memoryview) -> Any:
        """An initialised loan with a copy of both, ready to send; for ``bytes`` payloads."""
        before, behind = len(head), len(body)
        size = before + behind
        raw = self.lend(lender, size)
        address = raw.payload_ptr
        if size <= _SMALL:
            ctypes.memmove(address, head + body, size)
        elif isinstance(body, bytes):
            ctypes.memmove(address, head, before)
            ctypes.memmove(address + before, body, behind)
        else:
            ctypes.memmove(address, head, before)
            memoryview(block_at(address + before, behind, None)).cast("B")[:] = body
        return self.assume_init(raw)

    def lend(self, lender: Lender, size: int | None) -> Any:
        """An uninitialised raw loan; ``size`` in bytes for ``bytes`` payloads, else ``None``.

        Raises:
            PayloadTooLarge: more than ``max_bytes``, or than shared memory has left.
            BorrowLimitReached: every loan of the port is in use.
        """
        try:
            if size is None:
                return lender._loan()  # noqa: SLF001
            if self.max_bytes is not None:
                if size > self.max_bytes:
                    raise self._too_large(size, self.max_bytes)
            elif size > self._largest:
                self._check_room(size)
                self._largest = size
            return lender._loan(size)  # noqa: SLF001
        except self._loan_error as exc:
            raise self.refused(exc) from exc

    def checked_size(self, size: object) -> int | None:
        """The ``size`` argument of a loan: needed for ``bytes``, meaningless otherwise."""
        if self.kind.size is not None:
            if size is not None:
                raise InvalidArgument(
                    f"size is for bytes payloads; {self.kind.label} always carries "
                    f"{self.kind.size} bytes"
                )
            return None
        if size is None:
            raise InvalidArgument(f"{self.kind.label} carries bytes: say how many to loan, size=…")
        if isinstance(size, bool) or not isinstance(size, int):
            raise WrongType(f"size must be an int, not {size!r} ({type(size).__name__})")
        if size < 0:
            raise InvalidArgument(f"size must be zero or more bytes, not {size}")
        return size

    def _check_room(self, size: int) -> None:
        """Refuse what shared memory cannot hold: writing there would be a SIGBUS, not an error."""
        free = self._free()
        if size > free:
            raise self._too_large(size, free)

    def _too_large(self, size: int, maximum: int) -> PayloadTooLarge:
        return PayloadTooLarge(
            f"{self.kind.label}: {size} bytes are more than the maximum of {maximum}; "
            f"nothing was sent"
        )

    def refused(self, error: Any) -> ChannelError:
        """The error to raise for iceoryx2's."""
        reason = str(error)
        if "ExceedsMaxLoans" in reason:
            return BorrowLimitReached(
                f"{self.kind.label}: {MAX_LOANS} payloads are on loan from this port already; "
                f"send or drop one first"
            )
        return IpcError(f"{self.kind.label}: iceoryx2 gave no loan: {reason}")

    def open(self, lender: Lender, size: object, *, zeroed: bool = False) -> Loaned:
        """A loan to write to; give it to :meth:`Loaned.finish` or :meth:`Loaned.abandon`."""
        return Loaned(self, lender, size, zeroed=zeroed)

    def write(self, lender: Lender, fill: Callable[[Any], object], size: object) -> Any | None:
        """A zeroed loan that ``fill`` wrote, ready to send; ``None`` if it returned ``False``."""
        if not callable(fill):
            raise WrongType(f"fill must be callable, not {fill!r}")
        loaned = self.open(lender, size, zeroed=True)
        try:
            if fill(loaned.payload) is False:
                loaned.abandon()
                return None
        except BaseException:
            loaned.abandon()
            raise
        return loaned.finish()


class Loaned:
    """One payload on loan, from the first write to the moment it is ready to send or given up."""

    __slots__ = ("_anchor", "_lender", "_outlet", "_size", "payload")

    def __init__(
        self, outlet: Outlet, lender: Lender, size: object, *, zeroed: bool = False
    ) -> None:
        self._outlet, self._lender = outlet, lender
        wanted = outlet.checked_size(size)
        raw = outlet.lend(lender, wanted)
        length = wanted if wanted is not None else outlet.kind.size
        assert length is not None
        self._size = length
        if zeroed and length:
            ctypes.memset(raw.payload_ptr, 0, length)
        self._anchor: Anchor | None = Anchor(raw, lender._raw)  # noqa: SLF001
        self.payload: Any = outlet.kind.writable(block_at(raw.payload_ptr, length, self._anchor))

    def finish(self) -> Any:
        """The initialised raw loan, ready to send.

        ``bytes`` that something still looks at (a slice, a numpy array) are copied to a second
        loan first, and the viewed one stays on loan until the last view is gone: a late write
        through such a view can then neither change what was sent nor hit unmapped memory.
        """
        outlet, anchor, payload = self._outlet, self._anchor, self.payload
        assert anchor is not None
        self._anchor = self.payload = None
        kind, raw = outlet.kind, anchor.loan
        kind.retire(payload)
        if kind.size is None:
            watch = ref(anchor)
            del anchor, payload
            if watch() is not None:
                copy = outlet.lend(self._lender, self._size)
                ctypes.memmove(copy.payload_ptr, raw.payload_ptr, self._size)
                raw = copy
        else:
            anchor.loan = None
        return outlet.assume_init(raw)

    def abandon(self) -> None:
        """Give the loan back unsent; ``bytes`` once nothing looks at them any more."""
        anchor, payload = self._anchor, self.payload
        if anchor is None:
            return
        self._anchor = self.payload = None
        self._outlet.kind.retire(payload)
        if self._outlet.kind.size is not None:
            anchor.loan = None
