"""The ASGI application of the local broker: HTTP requests to broker calls, with long polls.

A single event loop calls the broker, so that it needs no lock. A long poll whose client has disconnected does
not receive messages.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from itertools import count
from typing import Any

from ..local import aws_json, aws_query
from .other_services import Request, unsupported
from .rules.broker import Broker
from .rules.service_errors import ServiceError

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]
Answer = tuple[int, bytes, bytes, list[Header]]
"""Status, content type, body, further headers."""

BANNER = b"SNS and SQS of pubsub-tasks, for development and tests\n"
"""The page at `/` for browsers."""

QUERY_SERVICES = ("sns", "sts")

_SHORTEST_SLEEP = 0.002
"""Seconds between two checks of one poll at least, since clocks and event loops round."""


class BrokerApp:
    """An ASGI application. `delay` is added to each response, in seconds, to simulate network latency."""

    def __init__(self, broker: Broker, *, clock: Callable[[], float] = time.time, delay: float = 0.0) -> None:
        self._broker = broker
        self._clock = clock
        self._delay = delay
        self._latest = 0.0
        self._closing = False
        self._waiting: dict[str, dict[asyncio.Future[None], None]] = {}
        self._request_ids = count(1)
        broker.on_arrival = self._arrived

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        if self._delay:
            await asyncio.sleep(self._delay / 2)
        status, content_type, answer, headers = await self._answer(scope, body, receive)
        if self._delay:
            await asyncio.sleep(self._delay / 2)
        headers += [(b"content-type", content_type), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def close(self) -> None:
        """End all open polls, and later ones at once. Call it in the event loop."""
        self._closing = True
        for queue_name in list(self._waiting):
            self._arrived(queue_name)

    async def _answer(self, scope: Scope, body: bytes, receive: Receive) -> Answer:
        request_id = f"{next(self._request_ids):032d}"
        headers = [(b"x-amzn-requestid", request_id.encode())]
        names = dict(scope["headers"])
        target = names.get(b"x-amz-target")
        if target is not None and target.startswith(aws_json.TARGET):
            return await self._json(target, body, receive, headers)
        return self._other(
            Request(scope["method"], scope["path"], scope["query_string"], names, body), request_id, headers
        )

    def _other(self, request: Request, request_id: str, headers: list[Header]) -> Answer:
        """The response to a request other than SQS's JSON."""
        if request.is_plain:
            return 200, b"text/plain", BANNER, headers
        form, service = request.form, request.service or "sns"
        if form is not None and request.target is None and service in QUERY_SERVICES:
            return self._query(service, form, request_id, headers)
        status, content_type, body, more = unsupported(request, request_id)
        return status, content_type, body, headers + more

    async def _json(self, target: bytes, body: bytes, receive: Receive, headers: list[Header]) -> Answer:
        try:
            action, params = aws_json.read(target, body)
            if action == "ReceiveMessage":
                answer = await self._poll(params, receive)
            else:
                answer = self._call("sqs", action, params)
        except ServiceError as error:
            content, more = aws_json.error_response(error)
            return error.status, aws_json.CONTENT_TYPE, content, headers + more
        return 200, aws_json.CONTENT_TYPE, aws_json.write(answer), headers

    def _query(self, service: str, form: bytes, request_id: str, headers: list[Header]) -> Answer:
        try:
            action, params = aws_query.read(form)
            answer = aws_query.write(action, self._call(service, action, params), request_id, service)
        except ServiceError as error:
            content = aws_query.error_response(error, request_id, service)
            return error.status, aws_query.CONTENT_TYPE, content, headers
        return 200, aws_query.CONTENT_TYPE, answer, headers

    def _call(self, service: str, action: str, params: dict[str, Any]) -> dict[str, Any]:
        try:
            return self._broker.call(service, action, params, self._now())
        except ServiceError:
            raise
        except Exception as error:  # a request that no SDK sends, or a bug
            if service == "sqs" and (name := aws_json.misfit(params)):
                raise ServiceError("SerializationException", f"{name} is of the wrong type") from error
            logger.exception("%s.%s failed", service, action)
            raise ServiceError("InternalError", f"{type(error).__name__}: {error}") from error

    async def _poll(self, params: dict[str, Any], receive: Receive) -> dict[str, Any]:
        answer = self._call("sqs", "ReceiveMessage", params)
        deadline = self._now() + self._broker.wait(params)
        if answer or self._now() >= deadline:
            return answer
        disconnected = asyncio.ensure_future(receive())
        try:
            while not answer and (left := deadline - self._now()) > 0 and not self._closing:
                await self._arrival(params["QueueUrl"], left, disconnected)
                if disconnected.done():
                    return {}
                answer = self._call("sqs", "ReceiveMessage", params)
        finally:
            disconnected.cancel()
        return answer

    async def _arrival(self, queue_url: str, left: float, disconnected: "asyncio.Future[Message]") -> None:
        now = self._now()
        wake_at = self._broker.wake_at(queue_url, now)
        if wake_at is not None:
            left = min(left, max(wake_at - now, _SHORTEST_SLEEP))
        arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(queue_url.rpartition("/")[2], {})
        waiting[arrived] = None  # a dict keeps the order: the poll that waited longest receives first
        try:
            await asyncio.wait((arrived, disconnected), timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.pop(arrived, None)

    def _arrived(self, queue_name: str) -> None:
        for arrived in self._waiting.pop(queue_name, ()):
            arrived.set_result(None)

    def _now(self) -> float:
        """The current time; it never decreases, even if the system clock is set back."""
        self._latest = max(self._latest, self._clock())
        return self._latest


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body
