"""The one place that reaches for private names of the iceoryx2 binding.

The binding's public ``loan_uninit``/``send_copy`` are thin Python wrappers that cost more than
the loan itself, and its builders take payload types by name only through private methods. The
names used here are checked when this module is imported (:data:`PRIVATE_NAMES`), so a binding
that renames one fails at import and not in the middle of a run.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final

import iceoryx2 as iox

from taktora.errors import IpcError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "BYTES",
    "PRIVATE_NAMES",
    "assume_init_request",
    "assume_init_response",
    "assume_init_sample",
    "event",
    "loan_of",
    "publish_subscribe",
    "request_response",
]

BYTES: Final[Any] = iox.Slice[ctypes.c_uint8]
"""The only slice type in use: the length of any wider one is reported wrongly by the binding."""

PRIVATE_NAMES: Final[dict[Any, tuple[str, ...]]] = {
    iox.Publisher: ("__loan_uninit", "__loan_slice_uninit"),
    iox.Client: ("__loan_uninit", "__loan_slice_uninit"),
    iox.ActiveRequest: ("__loan_uninit", "__loan_slice_uninit"),
    iox.SampleMutUninit: ("__assume_init",),
    iox.RequestMutUninit: ("__assume_init",),
    iox.ResponseMutUninit: ("__assume_init",),
    iox.ServiceBuilder: ("__publish_subscribe", "__request_response"),
    iox.ServiceBuilderPublishSubscribe: (
        "__set_payload_type",
        "__payload_type_details",
        "__user_header_type_details",
    ),
    iox.ServiceBuilderRequestResponse: (
        "__set_request_payload_type",
        "__set_response_payload_type",
        "__request_payload_type_details",
        "__request_header_type_details",
        "__response_payload_type_details",
        "__response_header_type_details",
    ),
}
"""Every private name used, by class."""


def _check_names() -> None:
    missing = [
        f"{owner.__name__}.{name}"
        for owner, names in PRIVATE_NAMES.items()
        for name in names
        if not hasattr(owner, name)
    ]
    if missing:
        raise IpcError(
            "this iceoryx2 binding is not one that taktora knows, it lacks "
            f"{', '.join(missing)}; install 'iceoryx2>=0.10,<0.11'"
        )


_check_names()

assume_init_sample: Final[Callable[[Any], Any]] = iox.SampleMutUninit.__dict__["__assume_init"]
assume_init_request: Final[Callable[[Any], Any]] = iox.RequestMutUninit.__dict__["__assume_init"]
assume_init_response: Final[Callable[[Any], Any]] = iox.ResponseMutUninit.__dict__["__assume_init"]


def loan_of(raw: Any, *, dynamic: bool) -> Callable[..., Any]:
    """The loan call of a raw publisher, client or active request: ``f()``, dynamic ``f(size)``."""
    loan: Callable[..., Any] = (
        getattr(raw, "__loan_slice_uninit") if dynamic else getattr(raw, "__loan_uninit")
    )
    return loan


def _detail(type_name: str, size: int, alignment: int, *, dynamic: bool) -> Any:
    variant = iox.TypeVariant.Dynamic if dynamic else iox.TypeVariant.FixedSize
    return (
        iox.TypeDetail.new()
        .type_variant(variant)
        .type_name(iox.TypeName.new(type_name))
        .size(size)
        .alignment(alignment)
    )


def publish_subscribe(node: Any, name: str, layout: Any) -> Any:
    """A builder of the publish-subscribe service ``name`` that carries ``layout``."""
    builder = getattr(node.service_builder(iox.ServiceName.new(name)), "__publish_subscribe")()
    getattr(builder, "__set_payload_type")(layout.binding_type or BYTES)
    builder = getattr(builder, "__payload_type_details")(_layout_detail(layout))
    return getattr(builder, "__user_header_type_details")(_detail("()", 0, 1, dynamic=False))


def request_response(node: Any, name: str, request: Any, response: Any) -> Any:
    """A builder of the request-response service ``name``."""
    builder = getattr(node.service_builder(iox.ServiceName.new(name)), "__request_response")()
    getattr(builder, "__set_request_payload_type")(request.binding_type or BYTES)
    getattr(builder, "__set_response_payload_type")(response.binding_type or BYTES)
    void = _detail("()", 0, 1, dynamic=False)
    builder = getattr(builder, "__request_payload_type_details")(_layout_detail(request))
    builder = getattr(builder, "__request_header_type_details")(void)
    builder = getattr(builder, "__response_payload_type_details")(_layout_detail(response))
    return getattr(builder, "__response_header_type_details")(void)


def event(node: Any, name: str) -> Any:
    """A builder of the event service ``name``."""
    return node.service_builder(iox.ServiceName.new(name)).event()


def _layout_detail(layout: Any) -> Any:
    if layout.size is None:
        return _detail(layout.type_name, 1, 1, dynamic=True)
    return _detail(layout.type_name, layout.size, layout.alignment, dynamic=False)
