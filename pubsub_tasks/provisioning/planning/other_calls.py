"""The calls that create, change and delete what is neither of SNS nor of SQS."""

from collections.abc import Iterable
from json import dumps

from ..resources import SID, Resource, StandingResource
from .sns_calls import Changes, tag_list
from .sqs_calls import policy_with
from .steps import Call, Difference


class KeyCalls:
    """Calls for a KMS key's policy. Keys themselves are neither created nor deleted."""

    def tag(self, wanted: Resource) -> Call:
        tags = [{"TagKey": key, "TagValue": value} for key, value in sorted(wanted.tags.items())]
        return Call("kms", "TagResource", {"KeyId": wanted.identity["KeyId"], "Tags": tags})

    def change(self, standing: StandingResource, differences: Iterable[Difference]) -> Changes:
        for each in differences:
            policy = dumps(policy_with(standing.document, each.wanted))
            params = {"KeyId": standing.identity["KeyId"], "PolicyName": "default", "Policy": policy}
            yield (each,), Call("kms", "PutKeyPolicy", params)


class LifecycleCalls:
    """Calls for this package's rule in the lifecycle of a bucket, which keep the bucket's other rules."""

    def change(self, standing: StandingResource, differences: Iterable[Difference]) -> Changes:
        document = dict(standing.document)
        others = [each for each in document.pop("Rules", ()) if each.get("ID") != SID]
        for each in differences:
            rules = {"Rules": [*others, each.wanted]}
            params = {"Bucket": standing.identity["Bucket"], "LifecycleConfiguration": rules, **document}
            yield (each,), Call("s3", "PutBucketLifecycleConfiguration", params)


class ScheduleGroupCalls:
    """Calls for groups of EventBridge Scheduler."""

    def create(self, wanted: Resource) -> Call:
        params = {"Name": wanted.key.name, "Tags": tag_list(wanted)}
        return Call("scheduler", "CreateScheduleGroup", params)

    def tag(self, wanted: Resource) -> Call:
        params = {"ResourceArn": wanted.identity["Arn"], "Tags": tag_list(wanted)}
        return Call("scheduler", "TagResource", params)


class RoleCalls:
    """Calls for roles."""

    def create(self, wanted: Resource) -> Call:
        params = {
            **wanted.identity,
            "AssumeRolePolicyDocument": dumps(wanted.properties["AssumeRolePolicyDocument"]),
            "Description": wanted.why,
            "Tags": tag_list(wanted),
        }
        return Call("iam", "CreateRole", params)

    def tag(self, wanted: Resource) -> Call:
        return Call("iam", "TagRole", {"RoleName": wanted.key.name, "Tags": tag_list(wanted)})

    def change(self, standing: StandingResource, differences: Iterable[Difference]) -> Changes:
        for each in differences:
            params = {"RoleName": standing.key.name, "PolicyDocument": dumps(each.wanted)}
            yield (each,), Call("iam", "UpdateAssumeRolePolicy", params)


class RolePolicyCalls:
    """Calls for a role's own policy, which is replaced as a whole."""

    def create(self, wanted: Resource) -> Call:
        params = {**wanted.identity, "PolicyDocument": dumps(wanted.properties["PolicyDocument"])}
        return Call("iam", "PutRolePolicy", params)

    def change(self, standing: StandingResource, differences: Iterable[Difference]) -> Changes:
        for each in differences:
            params = {**standing.identity, "PolicyDocument": dumps(each.wanted)}
            yield (each,), Call("iam", "PutRolePolicy", params)


class AlarmCalls:
    """Calls for alarms. CloudWatch replaces an alarm as a whole, so a change repeats what others set."""

    def create(self, wanted: Resource) -> Call:
        params = {"AlarmName": wanted.key.name, **wanted.properties, "Tags": tag_list(wanted)}
        return Call("cloudwatch", "PutMetricAlarm", params)

    def tag(self, wanted: Resource) -> Call:
        params = {"ResourceARN": wanted.identity["AlarmArn"], "Tags": tag_list(wanted)}
        return Call("cloudwatch", "TagResource", params)

    def change(self, standing: StandingResource, differences: Iterable[Difference]) -> Changes:
        given = tuple(differences)
        changed = {each.name: each.wanted for each in given}
        params = {"AlarmName": standing.key.name, **standing.document, **standing.properties, **changed}
        yield given, Call("cloudwatch", "PutMetricAlarm", params)

    def delete(self, standing: StandingResource) -> Call:
        return Call("cloudwatch", "DeleteAlarms", {"AlarmNames": [standing.key.name]})
