"""A small interpreter of CloudFormation templates, which creates their resources through an API."""

from collections.abc import Mapping
from json import dumps
from typing import Any

from pubsub_tasks.provisioning.reading.aws_api import Api
from pubsub_tasks.provisioning.resources import Place


def deploy(template: Mapping[str, Any], api: Api, place: Place) -> None:
    """Create all resources, each after those that it depends on."""
    resources = template["Resources"]
    _Stack(api, place, resources).create_all()


class _Stack:
    def __init__(self, api: Api, place: Place, resources: Mapping[str, Any]) -> None:
        self._api, self._place, self._resources = api, place, resources
        self._urls: dict[str, str] = {}
        self._made: set[str] = set()

    def create_all(self) -> None:
        for name in self._resources:
            self._create(name)

    def _create(self, name: str) -> None:
        if name in self._made:
            return
        self._made.add(name)
        resource = self._resources[name]
        for needed in resource.get("DependsOn", ()):
            self._create(needed)
        kind = resource["Type"].rpartition(":")[2]
        getattr(self, f"_create_{kind.lower()}")(name, self._resolved(resource["Properties"]))

    def _create_topic(self, name: str, given: dict[str, Any]) -> None:
        tags = given.pop("Tags")
        topic = given.pop("TopicName")
        self._api("sns", "CreateTopic", {"Name": topic, "Attributes": _texts(given), "Tags": tags})

    def _create_queue(self, name: str, given: dict[str, Any]) -> None:
        tags = {tag["Key"]: tag["Value"] for tag in given.pop("Tags")}
        queue = given.pop("QueueName")
        answer = self._api(
            "sqs", "CreateQueue", {"QueueName": queue, "Attributes": _texts(given), "tags": tags}
        )
        self._urls[name] = answer["QueueUrl"]

    def _create_queuepolicy(self, name: str, given: dict[str, Any]) -> None:
        for url in given["Queues"]:
            attributes = {"Policy": dumps(given["PolicyDocument"])}
            self._api("sqs", "SetQueueAttributes", {"QueueUrl": url, "Attributes": attributes})

    def _create_subscription(self, name: str, given: dict[str, Any]) -> None:
        params = {each: given.pop(each) for each in ("TopicArn", "Endpoint", "Protocol")}
        self._api("sns", "Subscribe", {**params, "Attributes": _texts(given)})

    def _create_schedulegroup(self, name: str, given: dict[str, Any]) -> None:
        self._api("scheduler", "CreateScheduleGroup", given)

    def _create_role(self, name: str, given: dict[str, Any]) -> None:
        document = dumps(given["AssumeRolePolicyDocument"])
        self._api("iam", "CreateRole", {**given, "AssumeRolePolicyDocument": document})

    def _create_rolepolicy(self, name: str, given: dict[str, Any]) -> None:
        self._api("iam", "PutRolePolicy", {**given, "PolicyDocument": dumps(given["PolicyDocument"])})

    def _create_alarm(self, name: str, given: dict[str, Any]) -> None:
        self._api("cloudwatch", "PutMetricAlarm", given)

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._resolved(each) for each in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Ref"}:
            self._create(value["Ref"])
            return self._urls[value["Ref"]]
        if set(value) == {"Fn::Sub"}:
            place = self._place
            return (
                value["Fn::Sub"]
                .replace("${AWS::Partition}", place.partition)
                .replace("${AWS::Region}", place.region)
                .replace("${AWS::AccountId}", place.account)
            )
        return {name: self._resolved(each) for name, each in value.items()}


def _texts(given: Mapping[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else dumps(value) for name, value in given.items()}
