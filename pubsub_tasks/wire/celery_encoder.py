"""Write messages that a Celery worker reads: task message protocol 2, in kombu's encoding for SQS.

Sources: Celery's documentation, "Message Protocol"; kombu's `transport.virtual` and `transport.SQS`.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .compression import BASE64, CONTENT_ENCODING
from .serialization import Serializer

_NO_WORKFLOW = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
_LONGEST_REPR = 1_024
"""Characters of the arguments' text in a header. Source: Celery's `Task.resultrepr_maxsize`, `argsrepr`."""


def write_celery_message(
    task: str,
    message_id: str,
    kwargs: Mapping[str, Any],
    *,
    headers: Mapping[str, str],
    serializer: Serializer,
    origin: str = "pubsub-tasks",
    root_id: str | None = None,
    parent_id: str | None = None,
    eta: float | None = None,
    expires: float | None = None,
) -> str:
    """Return the body of a message for a Celery task.

    Args:
        task: name of the task.
        kwargs: its arguments by name, in types that the serializer writes.
        headers: the application's headers.
        root_id, parent_id: of the task that led to this one; the message's own id if it is the first.
        eta, expires: epoch seconds, or None.

    Raises what the serializer raises.
    """
    content, attributes = serializer.write([[], kwargs, _NO_WORKFLOW])
    payload = content if CONTENT_ENCODING in attributes else b64encode(content.encode()).decode()
    protocol: dict[str, Any] = {
        "lang": "py",
        "task": task,
        "id": message_id,
        "shadow": None,
        "eta": _iso(eta),
        "expires": _iso(expires),
        "group": None,
        "group_index": None,
        "retries": 0,
        "timelimit": [None, None],
        "root_id": root_id or message_id,
        "parent_id": parent_id,
        "argsrepr": "()",
        "kwargsrepr": repr(dict(kwargs))[:_LONGEST_REPR],
        "origin": origin,
        "ignore_result": False,
        "replaced_task_nesting": 0,
        "stamped_headers": None,
        "stamps": {},
    }
    wrapped = {
        "body": payload,
        "content-encoding": "utf-8" if serializer.name != "msgpack" else "binary",
        "content-type": serializer.content_type,
        "headers": {**headers, **protocol},
        "properties": {
            "correlation_id": message_id,
            "reply_to": "",
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": ""},
            "priority": 0,
            "body_encoding": BASE64,
            "delivery_tag": message_id,
        },
    }
    return b64encode(json.dumps(wrapped, separators=(",", ":")).encode()).decode()


def _iso(epoch: float | None) -> str | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC).isoformat()
