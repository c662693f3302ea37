"""Broker: SQS and SNS behind one call. Knows names and actions; never reads a clock, never waits.

The rules are SQS's and SNS's as AWS documents them, without permissions, encryption and throttling. What
calls it holds a lock, tells the time, and does the waiting of long polls with `wake_at` and `on_arrival`.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from ..actions import (
    permissions,
    sns_publish,
    sns_subscriptions,
    sns_topics,
    sqs_messages,
    sqs_moves,
    sqs_queues,
    sts,
)
from .account import Account
from .service_errors import ServiceError

Action = Callable[[Account, Mapping[str, Any], float], dict[str, Any]]

_ACTIONS: dict[str, Mapping[str, Action]] = {
    "sqs": {
        **permissions.SQS_ACTIONS,
        **sqs_messages.ACTIONS,
        **sqs_moves.ACTIONS,
        **sqs_queues.ACTIONS,
    },
    "sns": {
        **permissions.SNS_ACTIONS,
        **sns_publish.ACTIONS,
        **sns_subscriptions.ACTIONS,
        **sns_topics.ACTIONS,
    },
    "sts": sts.ACTIONS,
}


class Broker:
    """Queues and topics of one account in one region.

    Attributes:
        on_arrival: called after an action with the name of each queue in which something may have become
            receivable, or may become so earlier than `wake_at` told.
    """

    def __init__(
        self,
        region: str = "us-east-1",
        account: str = "000000000000",
        endpoint: str = "http://127.0.0.1:4566",
        *,
        random: Random | None = None,
        remembers_deleted: bool = False,
    ) -> None:
        """`random` makes the ids; `remembers_deleted` keeps a deleted queue's name for 60 s, as AWS does."""
        self._account = Account(region, account, endpoint, random or Random(), remembers_deleted)
        self.on_arrival: Callable[[str], None] = lambda queue_name: None

    @property
    def region(self) -> str:
        """The region in ARNs."""
        return self._account.region

    @property
    def account(self) -> str:
        """The account number in ARNs and URLs."""
        return self._account.number

    @property
    def endpoint(self) -> str:
        """The beginning of queue URLs."""
        return self._account.endpoint

    @endpoint.setter
    def endpoint(self, endpoint: str) -> None:
        self._account.endpoint = endpoint

    def call(self, service: str, action: str, params: Mapping[str, Any], now: float) -> dict[str, Any]:
        """Carry out one action.

        Args:
            service: `sqs`, `sns` or `sts`.
            action: its name at AWS, such as `SendMessage`.
            params: what boto3's method takes.
            now: epoch seconds, never less than at the call before.

        Returns:
            What boto3's method returns, without `ResponseMetadata`.

        Raises:
            ServiceError: the service's own refusal; nothing was changed.
        """
        known = _ACTIONS[service].get(action)
        if known is None:
            raise ServiceError(
                "InvalidAction", f"The action {action} is not supported by the local {service}."
            )
        account = self._account
        try:
            if account.moves.under_way:
                account.moves.advance(account.queue_by_arn, now)
            return known(account, params, now)
        finally:
            self._tell()

    def wait(self, params: Mapping[str, Any]) -> int:
        """Seconds that a ReceiveMessage with these parameters waits for a message to come."""
        told = params.get("WaitTimeSeconds")
        return self._account.queue(params.get("QueueUrl")).settings.wait if told is None else int(told)

    def wake_at(self, queue_url: str, now: float) -> float | None:
        """When something that is delayed or in flight may become receivable (epoch seconds), or None."""
        queue = self._account.queue(queue_url)
        moments = queue.wake_at(), self._account.moves.wake_at(queue, now)
        return min((moment for moment in moments if moment is not None), default=None)

    def _tell(self) -> None:
        changed_queues = self._account.changed_queues
        while changed_queues:
            self.on_arrival(changed_queues.pop())
