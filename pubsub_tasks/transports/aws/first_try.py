"""FirstTry: what came of a call's first try, given to botocore as if it had made that try itself.

botocore asks the handlers of `before-send` for an answer before it sends a request. So whatever it does about
an answer or a failure, it does: parsing, deciding on retries, counting them and waiting between them.
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
"""What botocore makes of urllib3's errors. Source: botocore.httpsession, URLLib3Session.send."""

_Answer = tuple[int, Mapping[str, str], bytes]


class FirstTry:
    """The first tries of one client, each thread's own."""

    def __init__(self, client: Any, service: str) -> None:
        self._endpoint = client.meta.endpoint_url
        self._of_thread = local()
        client.meta.events.register(f"before-send.{service}", self._give)

    def answered(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """It was answered with this; botocore's next call in this thread begins with it."""
        self._of_thread.outcome = (status, headers, body)

    def failed(self, error: Exception) -> None:
        """It failed with an error of urllib3's, or its answer could not be read."""
        self._of_thread.outcome = error

    def forget(self) -> None:
        """The call is over."""
        self._of_thread.outcome = None

    def _give(self, request: Any, **_: Any) -> AWSResponse | None:
        outcome: _Answer | Exception | None = getattr(self._of_thread, "outcome", None)
        self._of_thread.outcome = None
        if outcome is None:
            return None
        if isinstance(outcome, Exception):
            kind = _FAILURES.get(type(outcome).__name__, HTTPClientError)
            raise kind(error=outcome, endpoint_url=self._endpoint, request=request) from outcome
        status, headers, body = outcome
        return AWSResponse(request.url, status, headers, _Raw(body))


class _Raw(BytesIO):
    """A body as botocore reads one."""

    def stream(self, **_: Any) -> Any:
        yield self.read()
