"""The content and the headers of a delivery that Celery published."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from ...celery_messages.celery_message import CeleryMessage, celery_media_type, task_name
from ...errors import CeleryWorkflow, MessageError
from ...wire.compression import BodyLimit
from ..message import EXPIRES, MESSAGE_ID, NOT_BEFORE, REQUEST_ID


class CeleryContent(NamedTuple):
    """What a delivery has of a Celery task message.

    Attributes:
        media_type: None if the message names no task.
        fields: `args`, a list, and `kwargs`, an object.
        retries: attempts that Celery made before it published this message.
        timeout: seconds that the task may take, or None.
        defect: why the message cannot be read, or None.
    """

    media_type: str | None
    headers: Mapping[str, str]
    fields: Mapping[str, Any]
    retries: int = 0
    timeout: float | None = None
    defect: MessageError | None = None


def read_celery_content(
    document: Mapping[str, Any], accept: Collection[str], limit: BodyLimit | None
) -> CeleryContent:
    """Read the JSON object of a Celery task message. Never raises."""
    try:
        message = CeleryMessage.read(document, accept, limit)
    except MessageError as defect:
        name = task_name(document)
        return CeleryContent(celery_media_type(name) if name else None, {}, {}, defect=defect)
    workflow = _workflow_defect(message) if message.workflow else None
    fields = {"args": message.args, "kwargs": message.kwargs}
    media_type = celery_media_type(message.task)
    return CeleryContent(media_type, _headers(message), fields, message.retries, message.timeout, workflow)


def _workflow_defect(message: CeleryMessage) -> CeleryWorkflow:
    return CeleryWorkflow(
        f"Celery task {message.task:.256} is part of a workflow ({', '.join(message.workflow)}), which only "
        "Celery runs: give it to a Celery worker, or publish the next task from the handler"
    )


def _headers(message: CeleryMessage) -> Mapping[str, str]:
    headers = dict(message.headers)
    if message.id:
        headers[MESSAGE_ID] = message.id
    if REQUEST_ID not in headers and (root := headers.get("root_id") or message.id):
        headers[REQUEST_ID] = root
    if message.eta is not None:
        headers[NOT_BEFORE] = f"{message.eta:.3f}"
    if message.expires is not None:
        headers[EXPIRES] = f"{message.expires:.3f}"
    return headers
