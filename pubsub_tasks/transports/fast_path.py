"""FastPath: one try of a call to SQS without the machinery of botocore, which costs more than all else here.

boto3's first call is watched. Later ones of the same client go where that went, signed for what that was
signed for, by the same pool of connections: its TLS, its time-outs. Whatever is no plain success is left to
boto3, which makes the call again and knows regions, proxies, retries and what errors mean; and so is all
until a first call was watched. Refuses to know any of that.
"""

import json
import logging
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import urlsplit

from .sigv4 import Scope, signed

logger = logging.getLogger(__name__)

ACTIONS = frozenset(
    {"ReceiveMessage", "DeleteMessageBatch", "ChangeMessageVisibilityBatch", "SendMessageBatch"}
)
"""Those of which there are many."""

_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class _Line:
    """How a call was made, and so how to make others."""

    pool: Any
    headers: dict[str, str]
    target: str
    scope: Scope

    @classmethod
    def of(cls, client: Any, request: Any, scope: Scope) -> Self | None:
        """Of botocore's client and of its request that is about to be signed; None for what is not so plain.

        Where the connections are is botocore's own affair: where it changes, boto3 makes every call.
        """
        url = urlsplit(request.url)
        target, _, action = request.headers.get("X-Amz-Target", "").rpartition(".")
        session = client._endpoint.http_session
        plain = action and url.path == "/" and not url.query and "@" not in url.netloc
        if not plain or session._proxy_config.proxy_url_for(request.url):
            return None
        pool = session._manager.connection_from_url(request.url)
        session._setup_ssl_cert(pool, request.url, session._verify)
        told = {name.lower(): request.headers[name] for name in ("Content-Type", "User-Agent")}
        told["host"] = url.netloc.lower().removesuffix(_PORTS[url.scheme])
        return cls(pool, told, target, scope)

    def call(self, action: str, params: dict[str, Any], keys: Any) -> dict[str, Any] | None:
        body = json.dumps(params, default=_in_base64).encode()
        headers = {**self.headers, "x-amz-target": f"{self.target}.{action}"}
        headers = signed(headers, body, self.scope, keys, datetime.now(UTC))
        answer = self.pool.urlopen("POST", "/", body, headers, retries=False, assert_same_host=False)
        return _read(answer.data) if answer.status == 200 else None


class FastPath:
    """The fast path of one client of SQS, whose credentials these are. Safe to share between threads."""

    def __init__(self, client: Any, credentials: Any) -> None:
        self._client = client
        self._credentials = credentials
        self._line: _Line | None = None
        client.meta.events.register("before-sign.sqs", self._watch)

    @property
    def open(self) -> bool:
        """Whether a call was watched that others can follow."""
        return self._line is not None

    def call(self, action: str, params: dict[str, Any]) -> dict[str, Any] | None:
        """What boto3 would answer, or None: then boto3 is to make the call."""
        if self._line is None or action not in ACTIONS:
            return None
        try:
            return self._line.call(action, params, self._credentials.get_frozen_credentials())
        except Exception as error:
            logger.debug("%s is left to boto3: %s", action, error)
            return None

    def _watch(self, request: Any, signature_version: str, region_name: str, **_: Any) -> None:
        if self._line is not None or signature_version != "v4":
            return
        signing = request.context.get("signing", {})
        scope = Scope(signing.get("region", region_name), signing.get("signing_name", "sqs"))
        try:
            self._line = _Line.of(self._client, request, scope)
        except (AttributeError, KeyError) as error:
            logger.debug("calls are left to boto3, whose connections are not where they were: %r", error)


def _in_base64(value: object) -> str:
    if not isinstance(value, bytes):
        raise TypeError(f"{value!r} cannot be sent")
    return b64encode(value).decode()


def _read(body: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(body)
    for message in answer.get("Messages") or ():
        for attribute in message.get("MessageAttributes", {}).values():
            if "BinaryValue" in attribute:
                attribute["BinaryValue"] = b64decode(attribute["BinaryValue"])
    return answer
