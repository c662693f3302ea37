"""Passes the fast path's failed attempt to botocore, which treats it as the first attempt of its own call.

botocore asks the handlers of its `before-send` event for a response before it sends a request. Parsing,
deciding on retries, counting them and waiting between them therefore stay with botocore.
"""

from collections.abc import Mapping
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

_FAILURES = {
    "SSLError": SSLError,
    "NewConnectionError": EndpointConnectionError,
    "NameResolutionError": EndpointConnectionError,
    "ConnectTimeoutError": ConnectTimeoutError,
    "ReadTimeoutError": ReadTimeoutError,
    "ProtocolError": ConnectionClosedError,
}
"""botocore's exception for each urllib3 exception. Source: botocore.httpsession, URLLib3Session.send."""

_Answer = tuple[int, Mapping[str, str], bytes]


class FirstAttempt:
    """The first attempt of the current call of one client, separate for each thread."""

    def __init__(self, client: Any, service: str) -> None:
        self._endpoint = client.meta.endpoint_url
        self._thread_state = local()
        client.meta.events.register(f"before-send.{service}", self._respond)

    def answered(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Record a response; botocore's next call in this thread starts with it."""
        self._thread_state.outcome = (status, headers, body)

    def failed(self, error: Exception) -> None:
        """Record a urllib3 exception, or the exception of a response that could not be parsed."""
        self._thread_state.outcome = error

    def forget(self) -> None:
        """Discard the attempt, at the end of a call."""
        self._thread_state.outcome = None

    def _respond(self, request: Any, **_: Any) -> AWSResponse | None:
        outcome: _Answer | Exception | None = getattr(self._thread_state, "outcome", None)
        self._thread_state.outcome = None
        if outcome is None:
            return None
        if isinstance(outcome, Exception):
            kind = _FAILURES.get(type(outcome).__name__, HTTPClientError)
            raise kind(error=outcome, endpoint_url=self._endpoint, request=request) from outcome
        status, headers, body = outcome
        return AWSResponse(request.url, status, headers, _RawBody(body))


class _RawBody(BytesIO):
    """A response body with the interface that botocore reads."""

    def stream(self, **_: Any) -> Any:
        yield self.read()
