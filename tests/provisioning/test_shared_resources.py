"""A bucket's lifecycle, alarms, keys and roles in moto: changes keep what others set there."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pubsub_tasks.provisioning.apply import apply_plan
from pubsub_tasks.provisioning.export.cloudformation import cloudformation
from pubsub_tasks.provisioning.export.terraform import terraform
from pubsub_tasks.provisioning.planning.diff import PlanOptions, make_plan
from pubsub_tasks.provisioning.planning.steps import ProvisioningPlan
from pubsub_tasks.provisioning.reading.aws_api import Api
from pubsub_tasks.provisioning.reading.boto_api import boto_api
from pubsub_tasks.provisioning.reading.read_others import read_others
from pubsub_tasks.provisioning.resources import Resource
from pubsub_tasks.provisioning.settings import AlarmSettings, ProvisioningSettings, SchedulerSettings
from pubsub_tasks.provisioning.wanted.wanted_resources import wanted_resources
from tests.provisioning.shop import OWNER, PLACE, topology

PAGER = f"arn:aws:sns:{PLACE.region}:{PLACE.account}:pager"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    with mock_aws():
        yield boto_api(partial(boto3.client, region_name=PLACE.region))


def wanted(kind: str, **settings: Any) -> list[Resource]:
    resources = wanted_resources(topology(), PLACE, ProvisioningSettings(OWNER, **settings))
    return [resource for resource in resources if resource.key.kind == kind]


def plan(api: Api, resources: list[Resource], *adopt: str) -> ProvisioningPlan:
    found = {each.key: each for each in read_others(api, resources)}
    return make_plan(resources, found, OWNER, PlanOptions(frozenset(adopt)))


def test_a_changed_alarm_keeps_what_others_set(api: Api) -> None:
    # Given an alarm, which somebody has silenced and given an action for its end
    before = wanted("alarm", alarms=AlarmSettings(600))
    apply_plan(plan(api, before), api)
    (alarm, *_) = before
    given = {"AlarmName": alarm.key.name, **alarm.properties, "OKActions": [PAGER], "ActionsEnabled": False}
    api("cloudwatch", "PutMetricAlarm", given)

    # When its age is configured otherwise
    apply_plan(plan(api, wanted("alarm", alarms=AlarmSettings(900))), api)

    # Then only that has changed
    (found,) = api("cloudwatch", "DescribeAlarms", {"AlarmNames": [alarm.key.name]})["MetricAlarms"]
    assert found["Threshold"] == 900
    assert found["OKActions"] == [PAGER]
    assert found["ActionsEnabled"] is False


def test_a_key_that_is_named_by_its_alias_is_adopted_by_its_arn(api: Api) -> None:
    # Given a key with an alias
    key = api("kms", "CreateKey", {})["KeyMetadata"]
    api("kms", "CreateAlias", {"AliasName": "alias/shop", "TargetKeyId": key["KeyId"]})

    # When it is adopted by the alias
    steps = plan(api, wanted("encryption key", kms_key="alias/shop"), "alias/shop").steps

    # Then the calls name its ARN, since KMS takes no alias to tag a key
    assert [step.call.action for step in steps] == ["TagResource", "PutKeyPolicy"]
    assert {step.call.params["KeyId"] for step in steps} == {key["Arn"]}


def test_a_bucket_s_minimum_size_of_transitions_stays(api: Api) -> None:
    # Given a bucket whose small objects move to other storage classes too
    size = {"TransitionDefaultMinimumObjectSize": "varies_by_storage_class"}
    rule = {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 5}}

    def with_size(service: str, action: str, params: Any) -> dict[str, Any]:
        """moto's S3 does not keep that setting."""
        answer = api(service, action, params)
        return {**answer, **size} if action == "GetBucketLifecycleConfiguration" else answer

    api("s3", "CreateBucket", {"Bucket": "bodies"})
    api(
        "s3",
        "PutBucketLifecycleConfiguration",
        {"Bucket": "bodies", "LifecycleConfiguration": {"Rules": [rule]}},
    )

    # When the rule for large bodies is added
    (step,) = plan(with_size, wanted("lifecycle rule", bucket="bodies")).steps

    # Then that setting is given again, since S3 sets its default otherwise
    assert step.call.params["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"
    assert rule in step.call.params["LifecycleConfiguration"]["Rules"]


def test_a_role_whose_arn_has_a_path_is_made_there(api: Api) -> None:
    # Given the ARN of a role that does not exist, with a path
    arn = f"arn:aws:iam::{PLACE.account}:role/teams/shop/scheduler"
    resources = wanted("role", scheduler=SchedulerSettings(arn))

    # When it is made
    applied = apply_plan(plan(api, resources), api)

    # Then it has that path, with which EventBridge Scheduler is told of it
    assert applied.refusal is None
    assert api("iam", "GetRole", {"RoleName": "scheduler"})["Role"]["Path"] == "/teams/shop/"
    assert plan(api, resources).is_complete

    # And so it has in templates
    (made,) = cloudformation(resources)["Resources"].values()
    (written,) = terraform(resources)["resource"]["aws_iam_role"].values()
    assert made["Properties"]["Path"] == written["path"] == "/teams/shop/"
