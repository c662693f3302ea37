"""SQS actions on message move tasks: start, cancel, list."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from ..queues.move_tasks import MoveTask
from ..queues.queue import BrokerQueue
from ..rules.account import Account
from ..rules.limits import MOVES_PER_SECOND, whole
from ..rules.service_errors import ServiceError, invalid_value, missing

Params = Mapping[str, Any]
Answer = dict[str, Any]

_LISTED = 10


def start_message_move_task(account: Account, params: Params, now: float) -> Answer:
    """Start moving a dead-letter queue's messages to a queue, or each back to its source."""
    source = _queue(account, params, "SourceArn")
    destination = _queue(account, params, "DestinationArn") if params.get("DestinationArn") else None
    rate = whole(params, "MaxNumberOfMessagesPerSecond", 1, MOVES_PER_SECOND)
    _check(account, source, destination)
    source.apply_due(now)
    task = MoveTask(_handle(account, source), source, destination, rate, now, source.visible)
    account.moves.start(task)
    for name in [destination.name] if destination else account.queues:
        account.changed_queues.add(name)
    return {"TaskHandle": task.handle}


def cancel_message_move_task(account: Account, params: Params, now: float) -> Answer:
    """Stop a task; messages that it has moved stay moved."""
    if not params.get("TaskHandle"):
        raise missing("TaskHandle")
    task = account.moves.find(params["TaskHandle"])
    if task is None:
        raise ServiceError("ResourceNotFoundException", "Task does not exist.")
    if not task.is_running:
        raise ServiceError(
            "UnsupportedOperation", f"Only active tasks can be cancelled; it is {task.status}."
        )
    task.status = "CANCELLED"
    return {"ApproximateNumberOfMessagesMoved": task.moved}


def list_message_move_tasks(account: Account, params: Params, now: float) -> Answer:
    """The latest tasks of a dead-letter queue, by default one."""
    source = _queue(account, params, "SourceArn")
    most = whole(params, "MaxResults", 1, _LISTED) or 1
    return {"Results": [_describe(task) for task in account.moves.of(source.name)[:most]]}


def _queue(account: Account, params: Params, name: str) -> BrokerQueue:
    arn = params.get(name)
    if not arn:
        raise missing(name)
    queue = account.queue_by_arn(arn)
    if queue is None:
        raise ServiceError(
            "ResourceNotFoundException",
            f"The resource that you specified for the {name} parameter doesn't exist: {arn}.",
        )
    return queue


def _check(account: Account, source: BrokerQueue, destination: BrokerQueue | None) -> None:
    if not any(account.sources(source)):
        raise invalid_value(
            "SourceArn", source.arn, "Source queue must be configured as a Dead Letter Queue."
        )
    if destination is source:
        raise invalid_value("DestinationArn", source.arn, "Source and destination must be different queues.")
    if destination is not None and destination.settings.fifo != source.settings.fifo:
        raise invalid_value(
            "DestinationArn", destination.arn, "Source and destination must be queues of the same type."
        )
    if any(task.is_running for task in account.moves.of(source.name)):
        raise ServiceError(
            "UnsupportedOperation",
            "There is already a task running. Only one active task is allowed for a source queue arn at a "
            "given time.",
        )


def _handle(account: Account, source: BrokerQueue) -> str:
    content = json.dumps({"taskId": account.ids.uuid(), "sourceArn": source.arn})
    return base64.b64encode(content.encode()).decode()


def _describe(task: MoveTask) -> Answer:
    status: Answer = {
        "Status": task.status,
        "SourceArn": task.source.arn,
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.to_move,
        "StartedTimestamp": round(task.started_at * 1000),
    }
    optional = {
        "TaskHandle": task.handle if task.is_running else None,
        "DestinationArn": task.destination.arn if task.destination else None,
        "MaxNumberOfMessagesPerSecond": task.requested_rate,
        "FailureReason": task.failure,
    }
    return {**status, **{name: value for name, value in optional.items() if value is not None}}


ACTIONS = {
    "CancelMessageMoveTask": cancel_message_move_task,
    "ListMessageMoveTasks": list_message_move_tasks,
    "StartMessageMoveTask": start_message_move_task,
}
