"""Passes the fast path's failed attempt to botocore, which treats it as the first attempt of its own call.

botocore asks the handlers of its `before-send` event for a response before it sends a request. Parsing,
deciding on retries, counting them and waiting between them therefore stay with botocore.
"""

import ssl
from http.client import HTTPException
from io import BytesIO
from threading import local
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)
from urllib3 import exceptions as urllib3

from .connection import Response
from .response_head import UntrustedResponse

_FAILURES: tuple[tuple[type[Exception], type[HTTPClientError]], ...] = (
    (ssl.SSLError, SSLError),
    (urllib3.SSLError, SSLError),
    (urllib3.NewConnectionError, EndpointConnectionError),
    (urllib3.ConnectTimeoutError, ConnectTimeoutError),
    (TimeoutError, ReadTimeoutError),
    (OSError, ConnectionClosedError),
    (HTTPException, ConnectionClosedError),
    (UntrustedResponse, ConnectionClosedError),
)
"""botocore's exception for each of ours; the first that fits. Source: `URLLib3Session.send` of botocore."""


class FirstAttempt:
    """The first attempt of the current call of one client, separate for each thread."""

    def __init__(self, client: Any, service: str) -> None:
        self._endpoint = client.meta.endpoint_url
        self._thread_state = local()
        client.meta.events.register(f"before-send.{service}", self._respond)

    def answered(self, action: str, response: Response) -> None:
        """Record a response; botocore's next call of this action in this thread starts with it."""
        self._thread_state.outcome = action, response

    def failed(self, action: str, error: Exception) -> None:
        """Record an exception of the connection, or of a response that could not be parsed."""
        self._thread_state.outcome = action, error

    def forget(self) -> None:
        """Discard the attempt, at the end of a call."""
        self._thread_state.outcome = None

    def _respond(self, request: Any, event_name: str, **_: Any) -> AWSResponse | None:
        action, outcome = getattr(self._thread_state, "outcome", None) or ("", None)
        # A signal handler may make another call between the attempt and botocore's call.
        if outcome is None or event_name.rpartition(".")[2] != action:
            return None
        self.forget()
        if isinstance(outcome, Exception):
            kind = next((theirs for ours, theirs in _FAILURES if isinstance(outcome, ours)), HTTPClientError)
            raise kind(error=outcome, endpoint_url=self._endpoint, request=request) from outcome
        return AWSResponse(request.url, outcome.status, outcome.headers, _RawBody(outcome.body))


class _RawBody(BytesIO):
    """A response body with the interface that botocore reads."""

    def stream(self, **_: Any) -> Any:
        yield self.read()
