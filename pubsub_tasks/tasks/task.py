"""Task: a function bound to a media type. Calling it calls the function; publishing is a method of it."""

from collections.abc import Callable
from dataclasses import replace
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from ..content.codec import Codec
from ..messages.delivery import Delivery
from ..messages.publish_options import DEFAULT, PublishOptions
from ..untrusted.queue_names import check_queue_name
from .handler import Handler
from .publishable import Publishable, SupportsPublish
from .retry_policy import RetryPolicy
from .signature import TaskSignature

P = ParamSpec("P")


R = TypeVar("R")


DEFAULT_QUEUE = "default"


class Registry(Protocol):
    """What a task needs of the registry that it belongs to."""

    @property
    def producer(self) -> SupportsPublish:
        """Raises Unbound."""
        ...

    def codec_of(self, task: "Task[..., Any]") -> Codec:
        """Raises ConfigurationError, UnknownMediaType."""
        ...


class Task(Publishable, Generic[P, R]):
    """A function bound to a media type on a queue. Calling it calls the function.

    Attributes:
        name: module and qualified name, as logs and letters tell it.
        media_type: what it handles; may end in `.*`.
        queue: logical name of the queue that it is served from.
        codec: how content is read, or None where the registry's schema for the media type is to be asked.
        policy: when it is tried again.
        timeout: seconds, or None.
        factory: the handler class, or None for a function.
        is_async: whether it is a coroutine function.
        skips_falsy: whether a falsy return is counted as skipped.
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
    ) -> None:
        """`function` may be a class. Without `parameters` it is called with the content as one dict.

        `options` are those of all that it publishes. Raises ConfigurationError for a `queue` that SQS would
        not accept as a name.
        """
        check_queue_name(queue)
        super().__init__(lambda: tasks.producer, lambda: tasks.codec_of(self), replace(options, queue=queue))
        update_wrapper(self, function, updated=())
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
        self._parameters = parameters

    def __repr__(self) -> str:
        return f"<Task {self.name} of {self.media_type} on {self.queue}>"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    @property
    def function(self) -> Callable[P, R]:
        """What is called. Raises Unbound where it is a class that nobody made an instance of."""
        return self.handler.function

    def resolve(self, instance: Callable[P, R]) -> None:
        """Call this from now on: the instance that a graph made of the handler class."""
        self.handler.resolve(instance)

    def invoke(self, content: Any, delivery: Delivery) -> Any:
        """Call the function with what it takes of a message; of a coroutine function, the coroutine."""
        function: Callable[..., Any] = self.handler.function
        if self._parameters is None:
            return function(content)
        return function(**self._parameters.bind(content, delivery))
