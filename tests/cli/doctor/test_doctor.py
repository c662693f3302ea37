"""Drift of each kind is made, found by pubsub-tasks doctor, and mended by the command that it prints."""

import json
import shlex
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pubsub_tasks.cli.doctor.examination import EXPIRATION
from tests.cli.doctor.account import BROKER_PLACE, ORDER, AwsAccount, BrokerAccount

Drift = Callable[[BrokerAccount], object]


def findings(account: AwsAccount, *arguments: str) -> list[dict[str, str]]:
    result = account.run("doctor", "--json", *arguments)
    assert result.exit_code in (0, 1), result.output
    found: list[dict[str, str]] = json.loads(result.stdout)
    assert result.exit_code == int(any(each["severity"] == "error" for each in found))
    return found


def harms(account: AwsAccount) -> list[dict[str, str]]:
    """Errors and warnings."""
    return [each for each in findings(account) if each["severity"] != "note"]


def set_queue(name: str, **attributes: str) -> Drift:
    def drift(account: BrokerAccount) -> None:
        account.api("sqs", "SetQueueAttributes", {"QueueUrl": account.url(name), "Attributes": attributes})

    return drift


def delete_queue(name: str) -> Drift:
    return lambda account: account.api("sqs", "DeleteQueue", {"QueueUrl": account.url(name)})


def subscription(account: BrokerAccount, queue: str) -> str:
    listed = account.api("sns", "ListSubscriptions", {})["Subscriptions"]
    return next(each["SubscriptionArn"] for each in listed if each["Endpoint"].endswith(f":shop-{queue}"))


def unsubscribe(account: BrokerAccount) -> None:
    account.api("sns", "Unsubscribe", {"SubscriptionArn": subscription(account, "orders")})


def set_subscription(name: str, value: Any) -> Drift:
    def drift(account: BrokerAccount) -> None:
        params = {"SubscriptionArn": subscription(account, "orders"), "AttributeName": name}
        account.api("sns", "SetSubscriptionAttributes", {**params, "AttributeValue": value})

    return drift


def delete_topic(account: BrokerAccount) -> None:
    for topic in account.api("sns", "ListTopics", {})["Topics"]:
        if topic["TopicArn"].endswith("created-order"):
            account.api("sns", "DeleteTopic", topic)


def statement(principal: Any, **more: Any) -> str:
    allowed = {"Effect": "Allow", "Principal": principal, "Action": "sqs:*", "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed]})


def open_policy(account: BrokerAccount) -> None:
    names = {"QueueUrl": account.url("orders"), "AttributeNames": ["Policy"]}
    policy = json.loads(account.api("sqs", "GetQueueAttributes", names)["Attributes"]["Policy"])
    policy["Statement"] += json.loads(statement("*"))["Statement"]
    set_queue("orders", Policy=json.dumps(policy))(account)


def redrive(name: str, receives: int) -> str:
    arn = BROKER_PLACE.queue_arn(f"shop-{name}")
    return json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": receives})


DRIFTS: list[tuple[str, Drift, str, str]] = [
    ("a subscription is missing", unsubscribe, "error", "does not exist"),
    (
        "a subscription is not raw",
        set_subscription("RawMessageDelivery", "false"),
        "warning",
        "is not raw",
    ),
    (
        "a filter policy misses a bound type",
        set_subscription("FilterPolicy", json.dumps({"media_type": ["other"]})),
        "error",
        f"has a filter policy that misses {ORDER}",
    ),
    ("a topic is missing", delete_topic, "error", "does not exist"),
    ("a queue is missing", delete_queue("search"), "error", "does not exist"),
    ("a dead-letter queue is missing", delete_queue("orders-dlq"), "error", "does not exist"),
    (
        "there is no redrive policy",
        set_queue("orders", RedrivePolicy=""),
        "error",
        "has no dead-letter queue",
    ),
    (
        "maxReceiveCount is at the policy's attempts",
        set_queue("orders", RedrivePolicy=redrive("orders-dlq", 5)),
        "error",
        "has maxReceiveCount 5, and a retry policy has 5 attempts",
    ),
    (
        "letters expire with the messages",
        set_queue("orders-dlq", MessageRetentionPeriod="345600"),
        "error",
        "keeps letters 345600 s",
    ),
    (
        "letters do not fit",
        set_queue("orders-dlq", MaximumMessageSize="1024"),
        "warning",
        "accepts 1,024 bytes",
    ),
    (
        "another queue's letters are not allowed",
        set_queue("orders-dlq", RedriveAllowPolicy=json.dumps({"redrivePermission": "denyAll"})),
        "error",
        "does not allow shop-orders",
    ),
    (
        "the visibility timeout is under the lease",
        set_queue("orders", VisibilityTimeout="7"),
        "warning",
        "has a visibility timeout of 7 s, less than the lease of 30 s",
    ),
    ("the policy lets no topic in", set_queue("orders", Policy=""), "error", "does not let shop-"),
    (
        "the policy lets another topic in",
        set_queue(
            "orders",
            Policy=statement(
                {"Service": "sns.amazonaws.com"},
                Condition={"ArnLike": {"aws:SourceArn": "arn:aws:sns:x:1:y"}},
            ),
        ),
        "error",
        "does not let shop-",
    ),
    ("the policy lets everybody in", open_policy, "error", "lets everybody send"),
    (
        "the key is one that AWS manages",
        set_queue("orders", KmsMasterKeyId="alias/aws/sqs"),
        "error",
        "is encrypted with alias/aws/sqs, which AWS manages",
    ),
]


@pytest.mark.parametrize(
    ("drift", "severity", "what"), [each[1:] for each in DRIFTS], ids=[each[0] for each in DRIFTS]
)
def test_drift_is_found_and_mended_by_the_printed_command(
    broker: BrokerAccount, drift: Drift, severity: str, what: str
) -> None:
    broker.apply()
    assert harms(broker) == []

    drift(broker)

    found = [each for each in findings(broker) if what in each["what"]]
    assert {each["severity"] for each in found} == {severity}
    assert found[0]["why"]
    run(broker, found[0]["mend"])
    assert [each for each in findings(broker) if what in each["what"]] == []


def run(account: BrokerAccount, line: str) -> None:
    """Run a printed command."""
    program, *arguments = shlex.split(line)
    if program == "pubsub-tasks":
        result = account.type(*arguments, *(["--yes"] if arguments[0] == "apply" else []))
        assert result.exit_code == 0, result.output
        return
    assert (program, *arguments[:2]) == ("aws", "sqs", "set-queue-attributes")
    given = dict(zip(arguments[2::2], arguments[3::2], strict=True))
    params = {"QueueUrl": given["--queue-url"], "Attributes": json.loads(given["--attributes"])}
    account.api("sqs", "SetQueueAttributes", params)


def test_a_resource_without_a_tag_is_adopted_by_the_printed_command(broker: BrokerAccount) -> None:
    broker.apply()
    names = {"QueueUrl": broker.url("orders"), "TagKeys": ["pubsub-tasks"]}
    broker.api("sqs", "UntagQueue", names)

    (found,) = [each for each in findings(broker) if each["subject"] == "queue shop-orders"]

    assert (found["severity"], found["what"]) == ("note", "has no tag of this application")
    assert found["mend"].endswith("--adopt shop-orders")
    run(broker, found["mend"])
    assert not [each for each in findings(broker) if each["subject"] == "queue shop-orders"]


def test_one_queue_alone_is_examined_by_its_url(broker: BrokerAccount) -> None:
    broker.apply()
    for name in ("orders", "search"):
        set_queue(name, VisibilityTimeout="7")(broker)

    found = findings(broker, "--sqs-queue-url", broker.url("search"))

    assert [each["subject"] for each in found if each["severity"] == "warning"] == ["queue shop-search"]


def test_a_refused_permission_is_found_and_others_are_named_as_untried(broker: BrokerAccount) -> None:
    broker.apply()
    broker.api.refuse = {"DeleteMessage": "AccessDenied"}

    found = [each for each in findings(broker) if each["subject"] == "the credentials"]

    lacking = [each["what"] for each in found if each["severity"] == "error"]
    assert "lack sqs:DeleteMessage on shop-orders" in lacking
    assert [each["what"] for each in found if each["severity"] == "note"] == [
        "were not tried for sqs:ReceiveMessage, sqs:SendMessage, sns:Publish"
    ]


@pytest.mark.parametrize(
    ("minutes", "severity", "what"), [(5, "warning", "expire in"), (-5, "error", "have expired")]
)
def test_credentials_of_the_environment_that_expire_are_found(
    broker: BrokerAccount, monkeypatch: pytest.MonkeyPatch, minutes: int, severity: str, what: str
) -> None:
    broker.apply()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv(EXPIRATION, (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat())

    assert [each["severity"] for each in findings(broker) if what in each["what"]] == [severity]


def test_a_url_of_another_region_is_found(broker: BrokerAccount) -> None:
    broker.apply()
    url = "https://sqs.eu-central-1.amazonaws.com/000000000000/shop-orders"

    found = [each for each in findings(broker, "-q", url) if "by its URL" in each["what"]]

    assert [each["mend"] for each in found] == ["export AWS_REGION=eu-central-1"]


def test_a_queue_that_is_fifo_for_a_topic_that_is_not_is_found(broker: BrokerAccount) -> None:
    broker.apply()

    found = findings(broker, "-q", f"{broker.url('orders')}.fifo")

    assert [each["subject"] for each in found] == ["the app"]
    assert "is FIFO, and the topic" in found[0]["what"]


def test_findings_are_printed_with_the_worst_first(broker: BrokerAccount) -> None:
    broker.apply()
    set_queue("orders", VisibilityTimeout="7")(broker)
    unsubscribe(broker)

    result = broker.run("doctor")

    assert result.exit_code == 1
    words = [line.split()[0] for line in result.stdout.splitlines() if not line.startswith(" ")]
    assert words[:2] == ["error", "warning"]
    assert "pubsub-tasks apply --app app_of_doctor_commands:tasks --prefix shop-" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("1 error, 1 warning, ")


def test_it_agrees_with_apply_on_moto_too(account: AwsAccount) -> None:
    account.apply()
    assert harms(account) == []

    sqs = account.client("sqs")
    sqs.set_queue_attributes(QueueUrl=account.url("orders"), Attributes={"VisibilityTimeout": "7"})

    found = [each["what"] for each in harms(account)]
    assert "has a visibility timeout of 7 s, less than the lease of 30 s" in found
