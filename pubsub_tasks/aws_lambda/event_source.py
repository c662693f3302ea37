"""The settings of an event source mapping, which lets a queue invoke a function. No I/O."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from ..errors import ConfigurationError
from ..untrusted.queue_names import FIFO
from ..wire.records import MEDIA_TYPE

MAX_BATCH = 10_000
"""Records in one event. Source: Lambda API reference, CreateEventSourceMapping, BatchSize."""

MAX_BATCH_WITHOUT_WINDOW = 10
"""Records in one event without a batching window, and from a FIFO queue. Source: as above."""

MAX_WINDOW = 300
"""Seconds. Source: Lambda API reference, MaximumBatchingWindowInSeconds."""

CONCURRENCY = range(2, 1001)
"""Source: Lambda API reference, ScalingConfig, MaximumConcurrency."""

TIMEOUTS = 6
"""Function timeouts that fit in the queue's visibility timeout. Source: Lambda developer guide, "Creating and
configuring an Amazon SQS event source mapping"."""


@dataclass(frozen=True, slots=True)
class EventSource:
    """An event source mapping for a function made by `lambda_handler`.

    Attributes:
        queue: the name or ARN of the queue.
        batch_size: records in one event; over 10 it needs a window.
        window: seconds in which Lambda gathers a batch. FIFO queues have none.
        maximum_concurrency: invocations at the same time, 2 to 1,000; None for no limit.
        media_types: invoke the function for these media types only, as named in the body. Lambda *deletes*
            all other messages of the queue: prefer a filter policy on the topic's subscription.

    Raises ConfigurationError for values that Lambda refuses.
    """

    queue: str
    batch_size: int = MAX_BATCH_WITHOUT_WINDOW
    window: int = 0
    maximum_concurrency: int | None = None
    media_types: Sequence[str] = ()

    def __post_init__(self) -> None:
        fifo = self.queue.endswith(FIFO)
        if not 0 <= self.window <= (0 if fifo else MAX_WINDOW):
            raise ConfigurationError(
                f"window={self.window!r}: give 0 to {MAX_WINDOW} seconds, and 0 for a FIFO queue"
            )
        most = MAX_BATCH if self.window else MAX_BATCH_WITHOUT_WINDOW
        if not 1 <= self.batch_size <= most:
            raise ConfigurationError(
                f"batch_size={self.batch_size!r}: give 1 to {most} records; more than "
                f"{MAX_BATCH_WITHOUT_WINDOW} need a window, and a standard queue"
            )
        if self.maximum_concurrency is not None and self.maximum_concurrency not in CONCURRENCY:
            raise ConfigurationError(f"maximum_concurrency={self.maximum_concurrency!r}: give 2 to 1000")

    def parameters(self) -> dict[str, Any]:
        """Return the settings as CreateEventSourceMapping and CloudFormation's
        `AWS::Lambda::EventSourceMapping` name them, without the queue and the function.

        They always include `ReportBatchItemFailures`: without it Lambda ignores what the function reports,
        and deletes failed messages.
        """
        settings: dict[str, Any] = {
            "BatchSize": self.batch_size,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        }
        if self.window:
            settings["MaximumBatchingWindowInSeconds"] = self.window
        if self.maximum_concurrency is not None:
            settings["ScalingConfig"] = {"MaximumConcurrency": self.maximum_concurrency}
        if self.media_types:
            pattern = {"body": {MEDIA_TYPE: list(self.media_types)}}
            settings["FilterCriteria"] = {"Filters": [{"Pattern": json.dumps(pattern)}]}
        return settings

    def visibility_timeout(self, function_timeout: float) -> int:
        """Return the queue's visibility timeout (seconds) that AWS recommends for a function's timeout."""
        return TIMEOUTS * ceil(function_timeout) + self.window
