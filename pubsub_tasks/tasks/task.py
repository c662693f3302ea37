"""A task: a function that handles messages of one media type, with methods to publish them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from ..celery_messages.celery_arguments import fields_of_arguments
from ..celery_messages.celery_message import is_celery
from ..content.codec import Codec
from ..messages.delivery import Delivery
from ..messages.formats.celery_body import celery_codec
from ..messages.publish_options import DEFAULT, By, PublishOptions
from ..untrusted.queue_names import check_queue_name
from .handler import Handler
from .publishable import C, Publishable, SupportsPublish, TypedPublishable
from .retry_policy import RetryPolicy
from .signature import TaskSignature

P = ParamSpec("P")
R = TypeVar("R")

DEFAULT_QUEUE = "default"
"""Logical name of the queue of tasks that name none."""


class Registry(Protocol):
    """What a task uses of its registry."""

    @property
    def producer(self) -> SupportsPublish:
        """The producer. Raises Unbound if there is none."""
        ...

    def codec_of(self, task: "Task[..., Any]") -> Codec:
        """Return the codec to publish with. Raises ConfigurationError, UnknownMediaType."""
        ...


class Task(Publishable, Generic[P, R]):
    """A function bound to a media type on a queue. Calling it calls the function.

    Attributes:
        name: name in logs and dead letters; module and qualified name by default.
        media_type: the media type that it handles; may end in `.*`.
        queue: logical name of its queue.
        codec: the codec of its content, or None to use the registry's schema for the media type.
        policy: the retry policy.
        timeout: seconds that one attempt may take, or None.
        factory: the handler class, or None for a function.
        is_async: whether it is a coroutine function.
        celery: names of the Celery tasks whose messages it handles too.
        skips_falsy: whether a falsy return value counts as skipped.
        is_grouped: whether its messages have message groups made from their content.
    """

    def __init__(
        self,
        function: Callable[P, R],
        media_type: str,
        *,
        tasks: Registry,
        name: str | None = None,
        codec: Codec | None = None,
        parameters: TaskSignature | None = None,
        queue: str = DEFAULT_QUEUE,
        policy: RetryPolicy | None = None,
        timeout: float | None = None,
        options: PublishOptions = DEFAULT,
        celery: tuple[str, ...] = (),
    ) -> None:
        """`function` may be a class. Without `parameters` it is called with the content as a dict.

        `options` apply to all messages that it publishes. Raises ConfigurationError if `queue` is not a valid
        queue name.
        """
        check_queue_name(queue)
        super().__init__(lambda: tasks.producer, self._publishing_codec, replace(options, queue=queue))
        update_wrapper(self, function, updated=())
        self._registry = tasks
        self.handler = Handler(function)
        self.name = name or self.handler.name
        self.media_type = media_type
        self.queue = queue
        self.codec = codec
        self.policy = policy or RetryPolicy()
        self.timeout = timeout
        self.factory = self.handler.factory
        self.is_async = self.handler.is_async
        self.skips_falsy = parameters is None
        self.celery = celery
        self.is_grouped = isinstance(options.group_id, By)
        self._parameters = parameters

    def __repr__(self) -> str:
        return f"<Task {self.name} of {self.media_type} on {self.queue}>"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    @property
    def function(self) -> Callable[P, R]:
        """The callable. Raises Unbound for a class that needs arguments and has no instance yet."""
        return self.handler.function

    def resolve(self, instance: Callable[P, R]) -> None:
        """Set the instance of the handler class, which an object graph made."""
        self.handler.resolve(instance)

    def _celery_codec(self) -> Codec:
        if not self.celery:
            return super()._celery_codec()
        return celery_codec(self._registry.codec_of(self), self.celery[0])

    def _publishing_codec(self) -> Codec:
        codec = self._registry.codec_of(self)
        writes_celery = self.celery and getattr(codec.schema, "CELERY", False)
        return self._celery_codec() if writes_celery else codec

    def fields_of(self, delivery: Delivery) -> Mapping[str, Any]:
        """Return the fields of a delivery, as the codec loads them.

        Raises InvalidContent if Celery sent arguments that the function does not take.
        """
        if self.codec is None or not is_celery(delivery.media_type):
            return delivery.fields
        parameters = self._parameters.fields if self._parameters else ()
        return fields_of_arguments(self.codec, parameters, delivery.fields)

    def invoke(self, content: Any, delivery: Delivery) -> Any:
        """Call the function with the content, and return its result, or the coroutine of an `async def`."""
        function: Callable[..., Any] = self.handler.function
        if self._parameters is None:
            return function(content)
        return function(**self._parameters.bind(content, delivery))


class TypedTask(Task[P, R], TypedPublishable[C], Generic[C, P, R]):
    """A task as `@task` makes it: type checkers know what its schema says is published."""
