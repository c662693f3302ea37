"""structlog's own context, where an application uses it."""

import asyncio
import sys
from typing import Any

import pytest
import structlog

from pubsub_tasks.messages.current_message import reset_current, set_current
from pubsub_tasks.telemetry.structlog_context import structlog_layer
from tests.samples import delivery


def bound(_: Any) -> dict[str, Any]:
    return structlog.contextvars.get_contextvars()


async def abound(_: Any) -> dict[str, Any]:
    return structlog.contextvars.get_contextvars()


def test_structlog_s_context_has_the_fields_around_the_handler_alone() -> None:
    layer = structlog_layer()
    assert layer is not None
    assert layer.plain is not None
    assert layer.coroutine is not None
    token = set_current("shop.bill", delivery(headers={"x-request-id": "r-1"}), "orders")
    within = layer.plain(bound, None)
    awaited = asyncio.run(layer.coroutine(abound, None))
    reset_current(token)

    assert within == awaited
    assert (within["task"], within["message_id"], within["request_id"]) == ("shop.bill", "sqs-1", "r-1")
    assert structlog.contextvars.get_contextvars() == {}


def test_what_is_not_imported_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "structlog.contextvars")

    assert structlog_layer() is None
    assert "structlog.contextvars" not in sys.modules
