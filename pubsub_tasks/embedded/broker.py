"""Broker: SQS and SNS behind one call. Knows names and actions; never reads a clock, never waits."""

from collections.abc import Callable
from typing import Any

from .errors import ServiceError


class Broker:
    """Queues and topics of one account in one region."""

    def __init__(
        self,
        region: str = "us-east-1",
        account: str = "000000000000",
        endpoint: str = "http://127.0.0.1:4566",
    ) -> None:
        self.region = region
        self.account = account
        self.endpoint = endpoint
        self.on_arrival: Callable[[str], None] = lambda queue_name: None

    def call(self, service: str, action: str, params: dict[str, Any], now: float) -> dict[str, Any]:
        """Carry out one action; `now` in epoch seconds, monotone. Raises ServiceError."""
        raise ServiceError("InvalidAction", f"{service} has no action {action} here.")

    def wake_at(self, queue_url: str, now: float) -> float | None:
        """When something that is delayed or in flight may become receivable (epoch seconds), or None."""
        return None
