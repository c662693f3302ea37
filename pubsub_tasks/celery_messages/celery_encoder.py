"""Write messages that a Celery worker reads: task message protocol 2, in kombu's encoding for SQS.

Sources: Celery's documentation, "Message Protocol"; kombu's `transport.virtual` and `transport.SQS`.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ..wire.compression import BASE64, CONTENT_ENCODING
from ..wire.serialization import Serializer

_NO_WORKFLOW = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}

_LONGEST_REPR = 1_024
"""Characters of the arguments' text in a header. Source: Celery's `Task.argsrepr_maxsize`."""

_ORIGIN = "pubsub-tasks"
"""Who published the message, as Celery's events and logs show it."""


class CeleryCall(NamedTuple):
    """A call of a Celery task that is to be published.

    Attributes:
        task: name of the task.
        id: id of the task, and of the message.
        kwargs: arguments by name, in types that the serializer writes.
        headers: the application's headers (str to str).
        root_id: id of the first task of those that led to this one; None if it is the first.
        parent_id: id of the task that published it, or None.
        eta: the earliest time that it may run (epoch seconds), or None.
        expires: the latest time to start it (epoch seconds), or None.
    """

    task: str
    id: str
    kwargs: Mapping[str, Any]
    headers: Mapping[str, str]
    root_id: str | None = None
    parent_id: str | None = None
    eta: float | None = None
    expires: float | None = None

    def body(self, serializer: Serializer) -> str:
        """Return the body of the message. Raises what the serializer raises."""
        content, attributes = serializer.write([[], self.kwargs, _NO_WORKFLOW])
        is_binary = CONTENT_ENCODING in attributes  # then it is in base64 already
        wrapped = {
            "body": content if is_binary else b64encode(content.encode()).decode(),
            "content-encoding": "binary" if is_binary else "utf-8",
            "content-type": serializer.content_type,
            "headers": {**self.headers, **self._protocol_headers()},
            "properties": {
                "correlation_id": self.id,
                "reply_to": "",
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": ""},
                "priority": 0,
                "body_encoding": BASE64,
                "delivery_tag": self.id,
            },
        }
        return b64encode(json.dumps(wrapped, separators=(",", ":")).encode()).decode()

    def _protocol_headers(self) -> Mapping[str, Any]:
        return {
            "lang": "py",
            "task": self.task,
            "id": self.id,
            "shadow": None,
            "eta": _iso(self.eta),
            "expires": _iso(self.expires),
            "group": None,
            "group_index": None,
            "retries": 0,
            "timelimit": [None, None],
            "root_id": self.root_id or self.id,
            "parent_id": self.parent_id,
            "argsrepr": "()",
            "kwargsrepr": repr(dict(self.kwargs))[:_LONGEST_REPR],
            "origin": _ORIGIN,
            "ignore_result": False,
            "replaced_task_nesting": 0,
            "stamped_headers": None,
            "stamps": {},
        }


def _iso(epoch: float | None) -> str | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC).isoformat()
