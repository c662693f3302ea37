"""Publish and handle background tasks over Amazon SNS and SQS.

Declare a schema with `@schema` and a task with `@task`, publish with `task.publish(...)`, and handle messages
with the command `pubsub-worker`. Messages are at-least-once, retries survive crashes, and what fails for good
goes to a dead-letter queue. Importing this package loads neither boto3 nor kombu nor microcosm.
"""

import importlib as _importlib
from functools import partial as _partial

from .content.message_schema import PubSubMessageSchema, TypedMessageSchema, optional, required
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
from .tasks.publishable import SupportsPublish as _SupportsPublish
from .tasks.registry import Tasks, default_tasks
from .tasks.retry_policy import RetryPolicy
from .tasks.task import Task
from .wire.media_types import changed, created, deleted

__all__ = [  # noqa: RUF022 - grouped by purpose
    # Declaring schemas and tasks
    "schema",
    "task",
    "handles",
    "PubSubMessageSchema",
    "TypedMessageSchema",
    "required",
    "optional",
    "Task",
    "Tasks",
    "default_tasks",
    "RetryPolicy",
    # Publishing
    "publish",
    "publish_many",
    "apublish",
    "apublish_many",
    "deferred",
    "headers",
    "by",
    "Message",
    "configure",
    # Handling
    "Delivery",
    # Middleware and observers
    "use",
    "observe",
    # Media types of resource lifecycles
    "created",
    "changed",
    "deleted",
    # Signals that handlers raise
    "Signal",
    "Nack",
    "Reject",
    "Discard",
    "SkipMessage",
    "IgnoreMessage",
    "TTLExpired",
    # Errors: configuration
    "PubSubTasksError",
    "ConfigurationError",
    "Unbound",
    "UnknownMediaType",
    "DuplicateTask",
    "TopicNotDefinedError",
    "MissingExtra",
    # Errors: the message
    "MessageError",
    "InvalidContent",
    "EncodeError",
    "DecodeError",
    "EnvelopeError",
    "ContentDisallowed",
    "MessageTooLarge",
    "TooManyAttributes",
    "Expired",
    # Errors: SNS, SQS and S3 calls
    "TransportError",
    "PublishFailed",
    "ReceiveFailed",
    "SettleFailed",
    "LeaseLost",
    "ClaimMissing",
    # Errors: time limits
    "TaskTimeout",
]


publish = default_tasks.publish
publish_many = default_tasks.publish_many
apublish = default_tasks.apublish
apublish_many = default_tasks.apublish_many
use = default_tasks.use
observe = default_tasks.observe


def configure(*, eager: bool, tasks: Tasks | None = None) -> None:
    """Choose how tasks publish from now on, instead of what was bound before.

    Args:
        eager: call the handlers at once, in the calling thread and without AWS; what they raise is raised by
            `publish`. If false, publish as the environment configures (PUBSUB_TASKS__...), even if
            PUBSUB_TASKS_EAGER is set.
        tasks: the registry; the default registry if None.
    """
    (default_tasks if tasks is None else tasks).reset(_partial(_producer_from_environment, eager=eager))


def _producer_from_environment(tasks: Tasks, eager: bool | None = None) -> _SupportsPublish:
    # The graph imports microcosm and, on use, boto3, which takes a quarter of a second: wait for a publish.
    producer: _SupportsPublish = _importlib.import_module(
        "pubsub_tasks.graph.object_graph"
    ).producer_from_environment(tasks, eager)
    return producer


default_tasks.default = _producer_from_environment
