"""SQS actions on queues: create, delete, list, purge, attributes, tags."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..queues.fifo_queue import FifoQueue
from ..queues.queue import BrokerQueue
from ..queues.queue_settings import NAMES, QueueSettings
from ..queues.redrive_policy import refuse_target
from ..rules.account import Account
from ..rules.limits import RECREATE, TAGS, whole
from ..rules.service_errors import ServiceError, invalid_value, missing

Params = Mapping[str, Any]
Answer = dict[str, Any]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_FIFO_NAME = re.compile(r"[A-Za-z0-9_-]{1,75}\.fifo")
_LIVE = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
)
_PAGE = 1_000


def create_queue(account: Account, params: Params, now: float) -> Answer:
    """Create a queue, or return the one of this name if its attributes are the same."""
    name, attributes = params.get("QueueName"), dict(params.get("Attributes") or {})
    if attributes.get("FifoQueue") == "false":
        del attributes["FifoQueue"]
    tags = params.get("tags") or {}
    if not name:
        raise missing("QueueName")
    fifo = attributes.get("FifoQueue") == "true"
    _check_name(name, fifo)
    settings = QueueSettings.create(fifo, attributes)
    existing = account.queues.get(name)
    if existing is None:
        existing = _create(account, name, settings, tags, now)
    else:
        _check_same(existing, attributes)
    return {"QueueUrl": account.queue_url(existing.name)}


def delete_queue(account: Account, params: Params, now: float) -> Answer:
    """Delete a queue and its messages."""
    queue = account.queue(params.get("QueueUrl"))
    del account.queues[queue.name]
    account.deleted_at[queue.name] = now
    account.changed_queues.add(queue.name)
    return {}


def get_queue_url(account: Account, params: Params, now: float) -> Answer:
    """The URL of a queue by name."""
    name = params.get("QueueName")
    if not name:
        raise missing("QueueName")
    return {"QueueUrl": account.queue_url(account.queue(name).name)}


def list_queues(account: Account, params: Params, now: float) -> Answer:
    """URLs of the queues with a name prefix, ordered by name."""
    prefix = params.get("QueueNamePrefix") or ""
    names = sorted(name for name in account.queues if name.startswith(prefix))
    return _page(account, params, names, "QueueUrls")


def list_dead_letter_source_queues(account: Account, params: Params, now: float) -> Answer:
    """URLs of the queues whose redrive policy names this one."""
    queue = account.queue(params.get("QueueUrl"))
    return {
        "queueUrls": [],
        **_page(account, params, sorted(q.name for q in account.sources(queue)), "queueUrls"),
    }


def get_queue_attributes(account: Account, params: Params, now: float) -> Answer:
    """The requested attributes; none by default."""
    queue = account.queue(params.get("QueueUrl"))
    names = params.get("AttributeNames") or ()
    for name in names:
        if name != "All" and name not in NAMES and name not in _LIVE:
            raise ServiceError("InvalidAttributeName", f"Unknown Attribute {name}.")
    if not names:
        return {}
    queue.apply_due(now)
    known = {**queue.settings.texts, **_live(queue)}
    return {"Attributes": known if "All" in names else {name: known[name] for name in names if name in known}}


def set_queue_attributes(account: Account, params: Params, now: float) -> Answer:
    """Change attributes; if one is not legal, none is changed."""
    queue = account.queue(params.get("QueueUrl"))
    attributes = params.get("Attributes") or {}
    if not attributes:
        raise missing("Attributes")
    if attributes.get("FifoQueue", "true") != queue.settings.texts.get("FifoQueue", "true"):
        raise ServiceError("InvalidAttributeName", "Unknown Attribute FifoQueue.")
    settings = queue.settings.changed(attributes)
    if "RedrivePolicy" in attributes:
        _check_redrive(account, queue.arn, settings)
    queue.apply_due(now)
    queue.configure(settings, now)
    return {}


def purge_queue(account: Account, params: Params, now: float) -> Answer:
    """Delete all messages of a queue."""
    account.queue(params.get("QueueUrl")).purge(now)
    return {}


def tag_queue(account: Account, params: Params, now: float) -> Answer:
    """Add or replace tags."""
    queue = account.queue(params.get("QueueUrl"))
    queue.tags = _checked_tags({**queue.tags, **(params.get("Tags") or {})})
    return {}


def untag_queue(account: Account, params: Params, now: float) -> Answer:
    """Remove tags; absent ones are ignored."""
    queue = account.queue(params.get("QueueUrl"))
    for key in params.get("TagKeys") or ():
        queue.tags.pop(key, None)
    return {}


def list_queue_tags(account: Account, params: Params, now: float) -> Answer:
    """All tags of a queue."""
    tags = account.queue(params.get("QueueUrl")).tags
    return {"Tags": dict(tags)} if tags else {}


def _create(
    account: Account, name: str, settings: QueueSettings, tags: Mapping[str, str], now: float
) -> BrokerQueue:
    deleted = account.deleted_at.get(name)
    if account.remembers_deleted and deleted is not None and now - deleted < RECREATE:
        raise ServiceError(
            "QueueDeletedRecently",
            f"You must wait {RECREATE:.0f} seconds after deleting a queue before you can create another with "
            f"the same name: {name}.",
        )
    arn = account.queue_arn(name)
    _check_redrive(account, arn, settings)
    kind = FifoQueue if settings.fifo else BrokerQueue
    queue = account.queues[name] = kind(name, arn, settings, account.ids, account.changed_queues, now)
    queue.tags = _checked_tags(tags)
    return queue


def _check_same(queue: BrokerQueue, attributes: Mapping[str, str]) -> None:
    different = queue.settings.conflict(attributes)
    if different:
        raise ServiceError(
            "QueueNameExists",
            f"A queue already exists with the same name and a different value for attribute {different}.",
        )


def _check_name(name: str, fifo: bool) -> None:
    if fifo and not _FIFO_NAME.fullmatch(name):
        raise invalid_value(
            "QueueName",
            name,
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, "
            "must end with .fifo suffix and be 1 to 80 in length.",
        )
    if not fifo and not _NAME.fullmatch(name):
        raise invalid_value(
            "QueueName",
            name,
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length; "
            "the suffix .fifo needs the attribute FifoQueue=true.",
        )


def _check_redrive(account: Account, source_arn: str, settings: QueueSettings) -> None:
    if settings.redrive is None:
        return
    text, target = settings.texts["RedrivePolicy"], account.queue_by_arn(settings.redrive.target)
    if target is None:
        raise refuse_target(text, "Dead letter target does not exist.")
    if target.arn == source_arn:
        raise refuse_target(text, "A queue cannot be its own dead-letter queue.")
    if target.settings.fifo != settings.fifo:
        raise refuse_target(text, "Dead-letter queue must be same type of queue as the source.")
    if target.settings.allow and not target.settings.allow.allows(source_arn):
        raise refuse_target(text, "The dead-letter queue's RedriveAllowPolicy does not permit this queue.")


def _live(queue: BrokerQueue) -> dict[str, str]:
    return {
        "ApproximateNumberOfMessages": str(queue.visible),
        "ApproximateNumberOfMessagesDelayed": str(queue.delayed),
        "ApproximateNumberOfMessagesNotVisible": str(queue.in_flight),
        "CreatedTimestamp": str(int(queue.created_at)),
        "LastModifiedTimestamp": str(int(queue.changed_at)),
        "QueueArn": queue.arn,
    }


def _checked_tags(tags: Mapping[str, str]) -> dict[str, str]:
    if len(tags) > TAGS:
        raise ServiceError("InvalidParameterValue", f"Too many tags added for queue: {len(tags)} of {TAGS}.")
    return dict(tags)


def _page(account: Account, params: Params, names: Sequence[str], field: str) -> Answer:
    size = whole(params, "MaxResults", 1, _PAGE)
    after = _token(params.get("NextToken"))
    rest = [name for name in names if name > after]
    shown = rest[: size or _PAGE]
    answer: Answer = {field: [account.queue_url(name) for name in shown]} if shown else {}
    if size and len(rest) > size:
        answer["NextToken"] = base64.urlsafe_b64encode(shown[-1].encode()).decode()
    return answer


def _token(token: str | None) -> str:
    try:
        return base64.urlsafe_b64decode(token or "").decode()
    except (binascii.Error, ValueError) as error:
        raise invalid_value("NextToken", token, "It was not given by an earlier answer.") from error


ACTIONS = {
    "CreateQueue": create_queue,
    "DeleteQueue": delete_queue,
    "GetQueueAttributes": get_queue_attributes,
    "GetQueueUrl": get_queue_url,
    "ListDeadLetterSourceQueues": list_dead_letter_source_queues,
    "ListQueueTags": list_queue_tags,
    "ListQueues": list_queues,
    "PurgeQueue": purge_queue,
    "SetQueueAttributes": set_queue_attributes,
    "TagQueue": tag_queue,
    "UntagQueue": untag_queue,
}
