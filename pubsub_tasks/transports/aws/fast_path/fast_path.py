"""Makes the hot calls without botocore's request machinery, which dominates the CPU cost of a call.

The first call goes through boto3 and is observed. Later calls of the same client use the same endpoint and
signing scope, over connections with the same TLS settings and timeouts. Any result other than a plain success
is passed to boto3 as the first attempt of its own call; boto3 classifies errors and retries. Where the
application or a library watches botocore's calls, boto3 makes them all; see `instrumentation.py`.
"""

import logging
from typing import Any

from urllib3.exceptions import ConnectTimeoutError

from .connection_stack import UnknownSocket
from .endpoint import Endpoint
from .first_attempt import FirstAttempt
from .hot_calls import HotCalls
from .instrumentation import Instrumentation
from .sigv4 import Scope

logger = logging.getLogger(__name__)

OK = 200


class FastPath:
    """The fast path of one boto3 client. Safe to share between threads."""

    def __init__(self, client: Any, hot_calls: HotCalls) -> None:
        self._client = client
        self._service = client.meta.service_model.service_name
        self._hot_calls = hot_calls
        self._endpoint: Endpoint | None = None
        self._off = False
        self._first_attempt = FirstAttempt(client, self._service)
        self._instrumentation = Instrumentation(client)
        client.meta.events.register(f"before-sign.{self._service}", self._watch)

    def call(self, action: str, params: dict[str, Any], keys: Any) -> dict[str, Any] | None:
        """Make a call and return its response in boto3's shape, or None if boto3 must make the call.

        After None, call boto3 and then `forget`. If a request was sent and failed, it counts as the first
        attempt of boto3's call. `keys` are the client's frozen credentials.
        """
        endpoint = self._endpoint
        if endpoint is None or self._off or action not in self._hot_calls.actions:
            return None
        try:
            if not endpoint.is_open or self._instrumentation.is_active(action):
                return None
            request = endpoint.request(action, params, keys)
        except Exception as error:
            logger.debug("%s is left to boto3: %s", action, error)
            return None
        return self._attempt(endpoint, action, request)

    def forget(self) -> None:
        """Discard the first attempt, after boto3's call, whether or not it used it."""
        self._first_attempt.forget()

    def _attempt(self, endpoint: Endpoint, action: str, request: bytes) -> dict[str, Any] | None:
        try:
            response = endpoint.connections.send(request)
            if response.status == OK:
                if not response.plain:
                    self._turn_off("responses do not have a content length")
                return self._hot_calls.read(response.body)
        except UnknownSocket as error:
            self._turn_off(error)
        except Exception as error:
            logger.debug("%s is left to boto3: %s", action, error)
            self._first_attempt.failed(action, error)
            if isinstance(error, TimeoutError | ConnectTimeoutError):
                endpoint.connections.close_idle()
        else:
            self._first_attempt.answered(action, response)
        return None

    def _turn_off(self, reason: object) -> None:
        logger.debug("all further calls are left to boto3: %s", reason)
        self._off = True

    def _watch(self, request: Any, signature_version: str, region_name: str, **_: Any) -> None:
        if self._endpoint is not None or signature_version != "v4":
            return
        signing = request.context.get("signing", {})
        scope = Scope(signing.get("region", region_name), signing.get("signing_name", self._service))
        try:
            self._endpoint = Endpoint.of(self._hot_calls, self._client, request, scope)
        except Exception as error:  # private attributes of botocore may change, and its call must not fail
            logger.debug("calls are left to boto3: %r", error)
