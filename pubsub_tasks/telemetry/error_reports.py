"""Reports to Sentry: dead letters as events, and the failures that led to them as breadcrumbs.

Middleware gives each message an isolation scope with its tags. The event `Settled` reports within that scope,
since whether a failure is retried is decided after the middleware has returned.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import sentry_sdk
from sentry_sdk.integrations.logging import ignore_logger
from sentry_sdk.scope import Scope, use_isolation_scope
from sentry_sdk.utils import event_from_exception

from ..messages.current_message import CurrentMessage, current_message
from ..tasks.events import Settled
from ..tasks.middleware import Layer, Next
from ..untrusted.exceptions import error_name, error_text
from ..untrusted.printable import LONGEST_TEXT, cut
from ..verdicts import DeadLetter, Postpone, Retry
from .bounded_mapping import BoundedMapping
from .log_observer import logger as message_logger

LONGEST_TAG = 200
"""Characters of a tag's value. Source: Sentry, "Event payloads", tags."""

MOST_REMEMBERED = 1_000
"""Messages whose scopes or failed attempts are kept for a later report."""

MOST_ATTEMPTS = 20
"""Failed attempts that are kept for each message."""


class ErrorReports:
    """Middleware and observer for Sentry.

    Args:
        retries: whether failures that are retried become breadcrumbs of the message's report.
        content: whether content, headers and local variables are reported.
    """

    kinds = (Settled,)

    def __init__(self, *, retries: bool = True, content: bool = False) -> None:
        self._retries = retries
        self._content = content
        self._scopes: BoundedMapping[str, Scope] = BoundedMapping(MOST_REMEMBERED)
        self._failures: BoundedMapping[tuple[str, str], list[dict[str, Any]]] = BoundedMapping(
            MOST_REMEMBERED
        )
        self.layer = Layer(self._plain, self._coroutine)
        # Its errors are the dead letters reported here, and would be reported twice.
        ignore_logger(message_logger.name)

    def __call__(self, event: Settled) -> None:
        """Report a dead letter; remember the failure of an attempt that is retried."""
        scope = self._scopes.pop(event.delivery.record.receipt_handle)
        if not sentry_sdk.get_client().is_active():
            return
        verdict, message = event.verdict, (event.queue, event.delivery.id)
        if isinstance(verdict, DeadLetter):
            self._report(event, verdict, scope, self._failures.pop(message) or [])
        elif not isinstance(verdict, Retry):
            self._failures.pop(message)
        elif self._retries and verdict.error is not None and not isinstance(verdict, Postpone):
            failures = [*(self._failures.pop(message) or []), _breadcrumb(event, verdict.error)]
            self._failures.put(message, failures[-MOST_ATTEMPTS:])

    def _plain(self, call_next: Next, call: Any) -> Any:
        with self._isolated():
            return call_next(call)

    async def _coroutine(self, call_next: Next, call: Any) -> Any:
        with self._isolated():
            return await call_next(call)

    @contextmanager
    def _isolated(self) -> Iterator[None]:
        message = current_message()
        if message is None or not sentry_sdk.get_client().is_active():
            yield
            return
        with sentry_sdk.isolation_scope() as scope:
            self._describe(scope, message)
            self._scopes.put(message.delivery.record.receipt_handle, scope)
            yield

    def _describe(self, scope: Scope, message: CurrentMessage) -> None:
        for name, value in message.fields().items():
            if value is not None:
                scope.set_tag(name, str(value)[:LONGEST_TAG])
        if message.task is not None:
            scope.set_transaction_name(message.task, source="task")
        if self._content:
            delivery = message.delivery
            fields = {"content": dict(delivery.fields), "headers": dict(delivery.headers)}
            scope.set_context("message", fields)
        else:
            scope.add_event_processor(_without_variables)

    def _report(
        self, event: Settled, verdict: DeadLetter, scope: Scope | None, failures: list[dict[str, Any]]
    ) -> None:
        if scope is None:  # no handler was called
            scope = sentry_sdk.get_isolation_scope().fork()
            self._describe(scope, CurrentMessage(event.task, event.delivery, event.queue))
        with use_isolation_scope(scope):
            scope.set_tag("reason", verdict.reason)
            for failure in failures:
                scope.add_breadcrumb(failure)
            if verdict.error is None:
                sentry_sdk.capture_message(f"dead letter: {verdict.reason}", level="error")
                return
            report, hint = event_from_exception(
                verdict.error,
                client_options=sentry_sdk.get_client().options,
                mechanism={"type": "pubsub_tasks", "handled": False},
            )
            sentry_sdk.capture_event(report, hint=hint)


def _breadcrumb(event: Settled, error: BaseException) -> dict[str, Any]:
    text = cut(f"{error_name(error)}: {error_text(error)}", LONGEST_TEXT)
    return {
        "type": "error",
        "category": "pubsub_tasks.retry",
        "level": "warning",
        "message": text,
        "data": {"attempt": event.delivery.attempt},
        "timestamp": datetime.now(UTC),
    }


def _without_variables(event: Any, hint: Any) -> Any:
    """Remove the local variables of all frames: among them is what the handler was called with."""
    for kind in ("exception", "threads"):
        for value in _values(event.get(kind)):
            for frame in (value.get("stacktrace") or {}).get("frames") or ():
                frame.pop("vars", None)
    return event


def _values(interface: Any) -> list[Any]:
    found = interface.get("values") if isinstance(interface, Mapping) else interface
    return list(found or ())
