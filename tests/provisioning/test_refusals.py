"""Refusals of AWS in moto: permissions, throttling, buckets and keys."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from moto import mock_aws
from moto.core import set_initial_no_auth_action_count

from pubsub_tasks.errors import ConfigurationError, TransportError
from pubsub_tasks.provisioning.reading.boto_api import boto_api
from pubsub_tasks.provisioning.resources import Key, Place
from tests.provisioning.shop import SETTINGS, Account, topology

PLACE = Place("us-east-1", "123456789012", queue_urls="https://queue.amazonaws.com/123456789012/")
RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 3})


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    with mock_aws():
        yield cache(partial(boto3.client, region_name="us-east-1", config=RETRIES))


def account(clients: Any, **settings: Any) -> Account:
    return Account(boto_api(clients), PLACE, topology(PLACE), replace(SETTINGS, **settings))


@set_initial_no_auth_action_count(0)
def test_a_missing_permission_names_the_call(clients: Any) -> None:
    with pytest.raises(TransportError, match=r"(sqs:ListQueues|sns:List\w+).* was refused: "):
        account(clients).plan()


def test_a_throttled_call_is_made_again(clients: Any) -> None:
    # Given SNS that throttles each first try of creating a topic
    throttled: list[str] = []

    def throttle(request: Any, **_: Any) -> AWSResponse | None:
        body = str(request.body)
        if "Action=CreateTopic" not in body or body in throttled:
            return None
        throttled.append(body)
        return AWSResponse(request.url, 400, {}, Throttled())

    clients("sns").meta.events.register_first("before-send.sns", throttle)

    # When everything is applied
    applied = account(clients).apply()

    # Then nothing is refused
    assert applied.refusal is None
    assert len(throttled) == 3


class Throttled:
    """The raw answer of a service that throttles."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield (
            b"<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code>"
            b"<Message>Rate exceeded</Message></Error><RequestId>1</RequestId></ErrorResponse>"
        )

    def read(self, *_: Any, **__: Any) -> bytes:
        return b"".join(self.stream())


def test_a_bucket_that_does_not_exist_is_named(clients: Any) -> None:
    with pytest.raises(ConfigurationError, match="the bucket nowhere of pubsub_claims does not exist"):
        account(clients, bucket="nowhere").plan()


def test_of_a_bucket_s_lifecycle_the_own_rule_alone_is_set(clients: Any) -> None:
    # Given a bucket with a rule of someone else
    s3 = clients("s3")
    s3.create_bucket(Bucket="bodies")
    theirs = {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 5}}
    s3.put_bucket_lifecycle_configuration(Bucket="bodies", LifecycleConfiguration={"Rules": [theirs]})

    # When the app is applied
    shop = account(clients, bucket="bodies")
    shop.apply()

    # Then both stand, and the plan has no step for it
    rules = s3.get_bucket_lifecycle_configuration(Bucket="bodies")["Rules"]
    assert [rule["ID"] for rule in rules] == ["logs", "pubsub-tasks"]
    assert "lifecycle rule" not in {step.key.kind for step in shop.plan().steps}


def test_a_key_that_is_not_ours_is_left_with_the_statement_to_add(clients: Any) -> None:
    # Given a key of a security team
    key_id = clients("kms").create_key()["KeyMetadata"]["KeyId"]
    shop = account(clients, kms_key=key_id)

    # When a plan is made
    (left,) = [left for left in shop.plan().left_alone if left.key == Key("encryption key", key_id)]

    # Then it has what the team must add
    assert left.wanted
    assert left.statement is not None
    assert left.statement["Principal"] == {"Service": "sns.amazonaws.com"}

    # And once the key is adopted, its policy has the statement beside its own
    shop.apply(adopt=frozenset({key_id}))
    found = shop.found()[Key("encryption key", key_id)]
    assert [each.get("Sid") for each in found.document["Statement"]][-1] == "pubsub-tasks"
    assert len(found.document["Statement"]) == 2


def test_a_key_that_lets_sns_use_it_in_other_words_is_as_it_is_wanted(clients: Any) -> None:
    # Given a key whose team has let SNS use it, with a statement and an Sid of their own
    kms = clients("kms")
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    policy = json.loads(kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"])
    theirs = {"Sid": "Allow SNS", "Effect": "Allow", "Principal": {"Service": ["sns.amazonaws.com"]}}
    policy["Statement"].append({**theirs, "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], "Resource": "*"})
    kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=json.dumps(policy))

    # When a plan is made
    left = [each for each in account(clients, kms_key=key_id).plan().left_alone if each.wanted]

    # Then there is nothing to add
    assert left == []


def test_a_key_whose_policy_may_not_be_read_is_never_changed(clients: Any) -> None:
    # Given credentials that may not read the policy of the key
    key_id = clients("kms").create_key()["KeyMetadata"]["KeyId"]
    api = boto_api(clients)

    def refuse(service: str, action: str, params: Mapping[str, Any]) -> dict[str, Any]:
        if action == "GetKeyPolicy":
            raise TransportError("not for you", code="AccessDeniedException")
        return api(service, action, params)

    shop = replace(account(clients, kms_key=key_id), api=refuse)

    # When it is to be adopted
    plan = shop.plan(adopt=frozenset({key_id}))

    # Then it is left alone, since its whole policy would be replaced, and that is no change that is wanted
    assert not any(step.key.kind == "encryption key" for step in plan.steps)
    (left,) = (each for each in plan.left_alone if each.key.kind == "encryption key")
    assert "may not be read" in left.reason
    assert not left.wanted
    assert left.statement is not None
