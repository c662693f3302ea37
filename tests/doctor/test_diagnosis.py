"""What the doctor says of values, without an account."""

import json
import shlex
from dataclasses import replace
from typing import Any

import pytest

from pubsub_tasks.doctor.checkup import Checkup, Commands, Surroundings
from pubsub_tasks.doctor.diagnosis import diagnose
from pubsub_tasks.doctor.finding import Finding, Severity
from pubsub_tasks.doctor.queue_checks import DeadLetterFacts, QueueFacts, check_queue
from pubsub_tasks.provisioning.planning.diff import make_plan
from pubsub_tasks.provisioning.planning.steps import found_after
from pubsub_tasks.provisioning.resources import Found, Resource, StandingResource
from pubsub_tasks.provisioning.settings import ProvisioningSettings
from pubsub_tasks.provisioning.wanted.wanted_resources import wanted_resources
from tests.provisioning.shop import ORDERED, OWNER, PAID, PLACE, topology

ERROR, WARNING, NOTE = Severity

FACTS = QueueFacts("orders", False, 30, 345_600, 1_048_576, 15, (5,), 30, has_dead_letters=True)
LETTERS = DeadLetterFacts("orders-dlq", False, 1_209_600, 1_048_576)


def healthy(**settings: Any) -> Checkup:
    """A checkup of an account in which all that is wanted stands."""
    wanted = wanted_resources(topology(), PLACE, ProvisioningSettings(OWNER, **settings))
    found = standing(wanted)
    media_types = {topic.arn: topic.media_types for topic in topology().topics}
    return Checkup(wanted, found, Commands("--app shop.tasks"), media_types=media_types, has_scheduler=True)


def standing(wanted: tuple[Resource, ...]) -> Found:
    keys: Found = {
        each.key: StandingResource(each.key, each.properties, each.identity, each.tags)
        for each in wanted
        if each.key.kind == "encryption key"
    }
    found = found_after(keys, make_plan(wanted, keys, OWNER).steps)
    policies = {
        each.key: replace(each, document={"Statement": [each.properties["Policy"]]})
        for each in found.values()
        if each.key.kind == "queue" and each.properties.get("Policy")
    }
    return {**found, **policies}


def drifted(checkup: Checkup, kind: str, name: str, **properties: Any) -> Checkup:
    """The checkup with other properties of one resource."""
    key = next(key for key in checkup.found if key.kind == kind and key.name.endswith(name))
    changed = replace(checkup.found[key], properties={**checkup.found[key].properties, **properties})
    return replace(checkup, found={**checkup.found, key: changed})


def said(checkup: Checkup) -> list[tuple[Severity, str]]:
    return [(finding.severity, finding.what) for finding in diagnose(checkup)]


def test_what_stands_as_it_is_wanted_has_no_findings() -> None:
    assert diagnose(healthy()) == []


@pytest.mark.parametrize(
    ("skew", "severity"), [(10.0, None), (-60.0, WARNING), (60.0, WARNING), (400.0, ERROR)]
)
def test_the_clock_is_compared_with_aws_s(skew: float, severity: Severity | None) -> None:
    found = said(replace(healthy(), surroundings=Surroundings(clock_skew=skew)))

    assert [each for each, _ in found] == ([] if severity is None else [severity])


def test_a_pending_subscription_is_not_taken_for_a_missing_one() -> None:
    checkup = healthy()
    key = next(key for key in checkup.found if key.kind == "subscription")
    found = {each: value for each, value in checkup.found.items() if each != key}

    (finding,) = diagnose(replace(checkup, found=found, pending=frozenset([key])))

    assert (finding.severity, finding.what) == (ERROR, "is pending")


def test_a_filter_policy_that_lets_others_through_is_found() -> None:
    wanted = healthy().wanted
    subscription = next(each for each in wanted if each.key.kind == "subscription")
    topic = subscription.identity["TopicArn"]
    checkup = replace(
        healthy(),
        wanted=tuple(
            replace(each, properties={**each.properties, "FilterPolicy": {"media_type": [ORDERED]}})
            if each is subscription or each.key == subscription.key
            else each
            for each in wanted
        ),
        media_types={topic: (ORDERED, PAID)},
    )

    found = [each for each in diagnose(checkup) if each.subject == str(subscription.key)]

    assert [(each.severity, each.what) for each in found] == [
        (WARNING, f"lets {PAID} through, which no task of the queue handles")
    ]


def test_a_topic_that_accepts_less_than_the_producer_sends_is_found() -> None:
    checkup = replace(drifted(healthy(), "topic", "order", MaximumMessageSize=None), max_size=1_000_000)

    assert (ERROR, "accepts 262,144 bytes, and sns_producer.max_size is 1000000") in said(checkup)


def test_a_key_that_sns_may_not_use_is_found() -> None:
    checkup = healthy(kms_key="alias/shop")
    assert diagnose(checkup) == []

    found = diagnose(drifted(checkup, "encryption key", "shop", Policy=None))

    assert {(each.severity, each.subject) for each in found} == {(ERROR, "encryption key alias/shop")}


def test_dead_letters_in_another_queue_than_the_app_s_are_noted() -> None:
    policy = {"deadLetterTargetArn": PLACE.queue_arn("letters-of-all"), "maxReceiveCount": 50}

    found = said(drifted(healthy(), "queue", "receipts", RedrivePolicy=policy))

    assert found == [(NOTE, "has its dead letters in letters-of-all, and not in shop-receipts-dlq")]


def test_a_key_whose_policy_may_not_be_read_is_noted() -> None:
    checkup = healthy(kms_key="alias/shop")
    key = next(key for key in checkup.found if key.kind == "encryption key")
    found = {**checkup.found, key: replace(checkup.found[key], properties={})}

    (finding,) = diagnose(replace(checkup, found=found))

    assert (finding.severity, finding.subject) == (NOTE, "encryption key alias/shop")


def test_a_key_that_the_app_does_not_know_is_noted() -> None:
    found = said(drifted(healthy(), "queue", "receipts", KmsMasterKeyId="alias/other"))

    assert (NOTE, "is encrypted with alias/other, which is not in the app's configuration") in found


def test_a_fifo_queue_without_a_scheduler_is_noted() -> None:
    checkup = replace(healthy(), has_scheduler=False, attempts={"shop-stock.fifo": (5,)})

    assert [each for each, _ in said(checkup)] == [NOTE]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"has_dead_letters": False}, "has no dead-letter queue"),
        ({"receives": 5}, "has maxReceiveCount 5, and a retry policy has 5 attempts"),
        ({"attempts": (None, 20)}, "has maxReceiveCount 15, and a retry policy has 20 attempts"),
        ({"visibility": 5}, "has a visibility timeout of 5 s, less than the lease of 30 s"),
        (
            {"dead_letters": LETTERS._replace(fifo=True)},
            "is a standard queue, and its dead-letter queue orders-dlq is a FIFO queue",
        ),
        (
            {"dead_letters": LETTERS._replace(retention=345_600)},
            "keeps letters 345600 s, and orders keeps messages 345600 s",
        ),
        ({"dead_letters": LETTERS._replace(max_size=1)}, "accepts 1 byte, and orders accepts 1,048,576"),
    ],
)
def test_a_queue_is_checked_by_its_attributes(changes: dict[str, Any], what: str) -> None:
    assert list(check_queue(FACTS._replace(dead_letters=LETTERS))) == []

    found = list(check_queue(FACTS._replace(**{"dead_letters": LETTERS, **changes})))

    assert [each.what for each in found] == [what]
    assert all(each.why and each.mend for each in found)


def test_a_queue_that_keeps_messages_for_as_long_as_sqs_allows_has_to_keep_them_for_less() -> None:
    facts = FACTS._replace(dead_letters=LETTERS, retention=1_209_600, mend="pubsub-tasks apply")

    (finding,) = check_queue(facts)

    assert finding.mend == "Lower pubsub_provisioning.retention, the MessageRetentionPeriod of orders"


def test_closing_an_open_policy_still_lets_the_topics_send() -> None:
    # Given a queue whose policy lets everybody send, and only so its topics
    checkup = healthy()
    key, queue = next((key, each) for key, each in checkup.found.items() if each.properties.get("Policy"))
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    opened = replace(queue, document={"Version": "2012-10-17", "Statement": [everybody]})

    # When it is checked
    (finding,) = diagnose(replace(checkup, found={**checkup.found, key: opened}))

    # Then the command that closes it names the topics instead, so that no message is refused meanwhile
    assert "everybody" in finding.what
    attributes = json.loads(shlex.split(finding.mend)[-1])
    assert json.loads(attributes["Policy"])["Statement"] == [queue.properties["Policy"]]


def test_in_a_fifo_queue_the_age_of_letters_begins_anew() -> None:
    letters = LETTERS._replace(fifo=True, retention=60)

    assert list(check_queue(FACTS._replace(fifo=True, dead_letters=letters))) == []


def test_policies_without_a_limit_never_meet_max_receive_count() -> None:
    assert list(check_queue(FACTS._replace(attempts=(None,), receives=1))) == []


def test_the_worst_come_first_and_a_finding_is_one_line() -> None:
    checkup = drifted(healthy(), "queue", "receipts", VisibilityTimeout="1")
    found = diagnose(replace(checkup, found={k: v for k, v in checkup.found.items() if k.kind != "topic"}))

    assert [each.severity for each in found] == sorted(
        (each.severity for each in found), key=list(Severity).index
    )
    assert str(Finding(ERROR, "queue q", "is gone", "it hurts", "Do x")) == "queue q is gone: it hurts. Do x"


def test_only_a_standing_resource_without_a_tag_is_adopted() -> None:
    resource = next(each for each in healthy().wanted if each.key.kind == "queue")
    untagged = StandingResource(resource.key, {}, {}, {})
    ours = StandingResource(resource.key, {}, {}, resource.tags)
    commands = Commands("--app shop.tasks")

    assert commands.apply(resource, untagged).endswith(f"--adopt {resource.key.name}")
    assert commands.apply(resource, ours) == commands.apply() == "pubsub-tasks apply --app shop.tasks"


@pytest.mark.parametrize(
    ("more", "severity", "what"),
    [
        (
            {"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
            ERROR,
            "lets everybody send by statement theirs of its policy",
        ),
        (
            {"Principal": "*", "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}}},
            ERROR,
            "lets everybody send by statement theirs of its policy",
        ),
        (
            {"Principal": {"Service": "sns.amazonaws.com"}},
            WARNING,
            "lets topics of every account send by statement theirs of its policy",
        ),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, None, ""),
        ({"Principal": "*", "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:b"}}}, None, ""),
        ({"Principal": {"AWS": "123456789012"}}, None, ""),
        (
            {"Effect": "Deny", "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
            None,
            "",
        ),
        ({"Effect": "Deny", "Principal": "*"}, ERROR, "does not let shop-"),
    ],
)
def test_statements_of_others_in_a_queue_s_policy_are_read(
    more: dict[str, Any], severity: Severity | None, what: str
) -> None:
    # Given a queue whose policy has a statement of someone else beside ours
    checkup = healthy()
    key, queue = next((key, each) for key, each in checkup.found.items() if key.name == "shop-receipts")
    theirs = {"Sid": "theirs", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*", **more}
    document = {"Version": "2012-10-17", "Statement": [*queue.document["Statement"], theirs]}

    # When it is checked
    found = diagnose(replace(checkup, found={**checkup.found, key: replace(queue, document=document)}))

    # Then it is told if it lets strangers in or topics out, and no other
    assert [each.severity for each in found] == ([] if severity is None else [severity])
    assert all(each.what.startswith(what) for each in found)
