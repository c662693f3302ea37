"""Binds the fields of the message being handled to structlog's context variables."""

import sys
from typing import Any

from ..messages.current_message import current_message
from ..tasks.middleware import Layer, Next


def structlog_layer() -> Layer | None:
    """Middleware that binds the fields around each handler; None if structlog is not imported."""
    contextvars: Any = sys.modules.get("structlog.contextvars")
    if contextvars is None:
        return None

    def bind(call_next: Next, call: Any) -> Any:
        with contextvars.bound_contextvars(**_fields()):
            return call_next(call)

    async def abind(call_next: Next, call: Any) -> Any:
        with contextvars.bound_contextvars(**_fields()):
            return await call_next(call)

    return Layer(bind, abind)


def _fields() -> dict[str, Any]:
    handled = current_message()
    return handled.fields() if handled else {}
