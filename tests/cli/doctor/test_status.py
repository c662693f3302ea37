"""pubsub-tasks status as its users type it, on moto."""

import json
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import Result

from pubsub_tasks.cli.provisioning.account_access import AccountAccess
from pubsub_tasks.cli.root_command import command
from pubsub_tasks.errors import ConfigurationError, PubSubTasksError, TransportError
from tests.cli.doctor.account import BROKER_PLACE, NAME, PREFIX, AwsAccount, BrokerAccount
from tests.cli.messages.shell import RUNNER


def rows(account: AwsAccount, exit_code: int = 0) -> dict[str, Any]:
    result = account.run("status", "--json")
    assert result.exit_code == exit_code, result.output
    return {row["logical_name"]: row for row in json.loads(result.stdout)}


def test_queues_that_stand_as_declared_are_shown_with_their_messages(account: AwsAccount) -> None:
    account.apply()
    sqs = account.client("sqs")
    for name in ("orders", "orders", "orders-dlq"):
        sqs.send_message(QueueUrl=account.url(name), MessageBody="{}")
    sqs.send_message(QueueUrl=account.url("orders"), MessageBody="{}", DelaySeconds=60)
    sqs.receive_message(QueueUrl=account.url("orders"))

    orders = rows(account)["orders"]

    assert (orders["visible"], orders["in_flight"], orders["delayed"], orders["letters"]) == (1, 1, 1, 1)
    assert (orders["subscribed"], orders["wanted"], orders["state"]) == (1, 1, "")
    assert orders["oldest"] is None


def test_the_age_of_the_oldest_message_is_cloudwatch_s(account: AwsAccount) -> None:
    account.apply()
    account.client("cloudwatch").put_metric_data(
        Namespace="AWS/SQS",
        MetricData=[
            {
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": [{"Name": "QueueName", "Value": "shop-orders"}],
                "Timestamp": datetime.now(UTC) - timedelta(minutes=2),
                "Value": 7260.0,
            }
        ],
    )

    assert rows(account)["orders"]["oldest"] == 7260.0
    assert "2 h" in account.run("status").stdout


def test_what_stands_otherwise_is_named(account: AwsAccount) -> None:
    account.apply()
    sqs, sns = account.client("sqs"), account.client("sns")
    sqs.delete_queue(QueueUrl=account.url("search-dlq"))
    sqs.set_queue_attributes(QueueUrl=account.url("bills.fifo"), Attributes={"VisibilityTimeout": "7"})
    for each in sns.list_subscriptions()["Subscriptions"]:
        if each["Endpoint"].endswith("orders"):
            sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])

    states = {name: row["state"] for name, row in rows(account, exit_code=1).items()}

    assert states["search"] == "no dead-letter queue"
    assert states["orders"] == "not subscribed"
    assert "VisibilityTimeout" in states["bills.fifo"]


def test_queues_that_do_not_exist_have_no_counts(account: AwsAccount) -> None:
    result = account.run("status")

    assert result.exit_code == 1
    assert "shop-orders" in result.stdout
    assert "does not exist" in result.stdout


def test_watching_is_for_a_terminal(account: AwsAccount) -> None:
    result = account.run("status", "--watch", "--json")

    assert result.exit_code == 2
    assert "leave out --json" in result.stderr


def watch(broker: BrokerAccount, look: Callable[[int], None]) -> tuple[Result, int]:
    """Watch until the third look. `look` is called with the number of each, and may raise."""
    looks = 0

    def api(service: str, action: str, params: Any) -> Any:
        nonlocal looks
        if action == "ListQueues":
            looks += 1
            if looks == 3:
                signal.raise_signal(signal.SIGINT)
            look(looks)
        if service == "cloudwatch":
            raise TransportError("as the local broker answers", code="UnknownOperationException")
        return broker.api(service, action, params)

    access = AccountAccess(lambda region, profile: (api, BROKER_PLACE))
    line = ["status", "--app", f"{NAME}:tasks", "--prefix", PREFIX, "--watch", "--interval", "1"]
    return RUNNER.invoke(command, line, obj=access), looks


@pytest.mark.parametrize(("failing", "told"), [(2, False), (3, True)])
def test_the_table_is_refreshed_until_it_is_interrupted_and_a_look_that_fails_is_told_in_a_line(
    broker: BrokerAccount, failing: int, told: bool
) -> None:
    # Given an account that throttles one look of three
    broker.apply()

    def throttle(number: int) -> None:
        if number == failing:
            raise TransportError("sqs:ListQueues was refused: Throttling: Rate exceeded", code="Throttling")

    # When it is watched
    result, looks = watch(broker, throttle)

    # Then it goes on, and the last table has the line if its look failed
    assert (result.exit_code, looks) == (0, 3), result.output
    assert "shop-orders" in result.stdout
    assert "the age of the oldest messages is not known: this endpoint serves no CloudWatch" in result.stderr
    assert ("not refreshed: sqs:ListQueues was refused: Throttling" in result.stdout) is told


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [(ConfigurationError("the bucket is gone"), 2), (TransportError("no answer"), 1)],
    ids=["configuration", "the first look"],
)
def test_what_a_later_look_cannot_mend_ends_it(
    broker: BrokerAccount, error: PubSubTasksError, exit_code: int
) -> None:
    broker.apply()
    failing = 2 if isinstance(error, ConfigurationError) else 1

    def fail(number: int) -> None:
        if number == failing:
            raise error

    result, looks = watch(broker, fail)

    assert (result.exit_code, looks) == (exit_code, failing)
    assert str(error) in result.stderr.splitlines()[-1]
