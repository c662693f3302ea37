"""Celery's ergonomics on SNS and SQS: no message is lost, retries survive crashes, and it is fast.

Declare a schema with `@schema` and a task with `@task`, publish with `task.publish(...)`, and consume with
`pubsub-worker`. Importing this loads neither boto3 nor kombu nor microcosm.
"""

import importlib as _importlib

from .content.codec import PubSubMessageSchema
from .decorators import handles, schema, task
from .errors import (
    ClaimMissing,
    ConfigurationError,
    ContentDisallowed,
    DecodeError,
    DuplicateTask,
    EncodeError,
    EnvelopeError,
    Expired,
    InvalidContent,
    LeaseLost,
    MessageError,
    MessageTooLarge,
    MissingExtra,
    PublishFailed,
    PubSubTasksError,
    ReceiveFailed,
    SettleFailed,
    TaskTimeout,
    TooManyAttributes,
    TopicNotDefinedError,
    TransportError,
    Unbound,
    UnknownMediaType,
)
from .messages.delivery import Delivery
from .messages.headers import headers
from .messages.message import Message
from .messages.publish_options import by
from .publishing.deferred import deferred
from .signals import Discard, IgnoreMessage, Nack, Reject, Signal, SkipMessage, TTLExpired
from .tasks.publishable import SupportsPublish as _Publishes
from .tasks.registry import Tasks, default_tasks
from .tasks.retry_policy import RetryPolicy
from .tasks.task import Task
from .wire.media_types import changed, created, deleted

__all__ = [
    "ClaimMissing",
    "ConfigurationError",
    "ContentDisallowed",
    "DecodeError",
    "Delivery",
    "Discard",
    "DuplicateTask",
    "EncodeError",
    "EnvelopeError",
    "Expired",
    "IgnoreMessage",
    "InvalidContent",
    "LeaseLost",
    "Message",
    "MessageError",
    "MessageTooLarge",
    "MissingExtra",
    "Nack",
    "PubSubMessageSchema",
    "PubSubTasksError",
    "PublishFailed",
    "ReceiveFailed",
    "Reject",
    "RetryPolicy",
    "SettleFailed",
    "Signal",
    "SkipMessage",
    "TTLExpired",
    "Task",
    "TaskTimeout",
    "Tasks",
    "TooManyAttributes",
    "TopicNotDefinedError",
    "TransportError",
    "Unbound",
    "UnknownMediaType",
    "apublish",
    "apublish_many",
    "by",
    "changed",
    "created",
    "default_tasks",
    "deferred",
    "deleted",
    "handles",
    "headers",
    "observe",
    "publish",
    "publish_many",
    "schema",
    "task",
    "use",
]


publish = default_tasks.publish
publish_many = default_tasks.publish_many
apublish = default_tasks.apublish
apublish_many = default_tasks.apublish_many
use = default_tasks.use
observe = default_tasks.observe


def _producer_from_environment(tasks: Tasks) -> _Publishes:
    # The graph loads microcosm and, on use, boto3: a quarter of a second that only who publishes should pay.
    producer: _Publishes = _importlib.import_module(
        "pubsub_tasks.graph.object_graph"
    ).producer_from_environment(tasks)
    return producer


default_tasks.default = _producer_from_environment
