"""Reads what is neither of SNS nor of SQS: keys, lifecycle rules, schedule groups, roles and alarms."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from json import loads
from typing import Any

from ...errors import TransportError
from ...wire.records import INTERVENTION_CODES
from ..claims import LIFECYCLE
from ..planning.sqs_calls import statements
from ..policy_statements import lets_sns_use_key
from ..resources import SID, Kind, Resource, StandingResource
from .aws_api import Api, found_or_none, pages, require
from .read_messaging import own_statement, tags_of

_NO_BUCKET = frozenset({"NoSuchBucket"})
_NO_GROUP = frozenset({"ResourceNotFoundException"})
_NO_KEY = frozenset({"NotFoundException"})
_NO_ROLE = frozenset({"NoSuchEntity", "NoSuchEntityException"})
_NO_RULES = frozenset({"NoSuchLifecycleConfiguration"})
_ALARMS_OF_A_CALL = 100
"""Source: CloudWatch API reference, DescribeAlarms, AlarmNames."""

_SET_BY_OTHERS = ("ActionsEnabled", "InsufficientDataActions", "OKActions")
"""Parameters that are not configured here. Source: CloudWatch API reference, PutMetricAlarm."""


def read_others(api: Api, wanted: Iterable[Resource]) -> Iterator[StandingResource]:
    """Read these resources as far as they stand.

    Raises ConfigurationError if a bucket or key does not exist, and TransportError.
    """
    resources = list(wanted)
    for resource in resources:
        read = _READERS.get(resource.key.kind)
        if read is not None and (found := read(api, resource)) is not None:
            yield found
    yield from _alarms(api, [resource for resource in resources if resource.key.kind == "alarm"])


def _key(api: Api, resource: Resource) -> StandingResource:
    """A key whose policy may not be read is someone else's, and has no property `Policy`."""
    key_id = resource.identity["KeyId"]
    try:
        found = found_or_none(api, _NO_KEY, "kms", "DescribeKey", KeyId=key_id)
        # GetKeyPolicy and ListResourceTags take ids and ARNs, and no aliases.
        key_id = require(found, f"the key {key_id}")["KeyMetadata"]["Arn"]
        text = api("kms", "GetKeyPolicy", {"KeyId": key_id, "PolicyName": "default"})["Policy"]
        tags = api("kms", "ListResourceTags", {"KeyId": key_id}).get("Tags") or ()
    except TransportError as error:
        if error.code not in INTERVENTION_CODES:
            raise
        return StandingResource(resource.key, {}, {"KeyId": key_id})
    document = loads(text)
    own = own_statement(document)
    if own is None and lets_sns_use_key(statements(document)):
        own = resource.properties["Policy"]  # in somebody's own words
    return StandingResource(
        resource.key,
        {"Policy": own},
        {"KeyId": key_id},
        {tag["TagKey"]: tag["TagValue"] for tag in tags},
        document,
    )


def _lifecycle(api: Api, resource: Resource) -> StandingResource:
    bucket = resource.identity["Bucket"]
    missing = _NO_BUCKET | _NO_RULES
    found = found_or_none(api, missing, "s3", "GetBucketLifecycleConfiguration", Bucket=bucket)
    if found is None:
        location = found_or_none(api, _NO_BUCKET, "s3", "GetBucketLocation", Bucket=bucket)
        require(location, f"the bucket {bucket} of pubsub_claims")
    document = {"Rules": [], **{name: found[name] for name in LIFECYCLE if found and name in found}}
    own = next((rule for rule in document["Rules"] if rule.get("ID") == SID), None)
    return StandingResource(resource.key, {"Rule": own}, resource.identity, document=document)


def _schedule_group(api: Api, resource: Resource) -> StandingResource | None:
    found = found_or_none(api, _NO_GROUP, "scheduler", "GetScheduleGroup", Name=resource.key.name)
    if found is None:
        return None
    tags = api("scheduler", "ListTagsForResource", {"ResourceArn": resource.identity["Arn"]})
    return StandingResource(resource.key, {}, resource.identity, tags_of(tags.get("Tags") or ()))


def _role(api: Api, resource: Resource) -> StandingResource | None:
    found = found_or_none(api, _NO_ROLE, "iam", "GetRole", RoleName=resource.key.name)
    if found is None:
        return None
    properties = {"AssumeRolePolicyDocument": found["Role"]["AssumeRolePolicyDocument"]}
    tags = tags_of(found["Role"].get("Tags") or ())
    return StandingResource(resource.key, properties, resource.identity, tags)


def _role_policy(api: Api, resource: Resource) -> StandingResource | None:
    found = found_or_none(api, _NO_ROLE, "iam", "GetRolePolicy", **resource.identity)
    if found is None:
        return None
    return StandingResource(resource.key, {"PolicyDocument": found["PolicyDocument"]}, resource.identity)


def _alarms(api: Api, wanted: Sequence[Resource]) -> Iterator[StandingResource]:
    by_name = {resource.key.name: resource for resource in wanted}
    names = sorted(by_name)
    for start in range(0, len(names), _ALARMS_OF_A_CALL):
        some = names[start : start + _ALARMS_OF_A_CALL]
        for found in pages(
            api, "cloudwatch", "DescribeAlarms", "MetricAlarms", AlarmNames=some, MaxRecords=100
        ):
            resource = by_name[found["AlarmName"]]
            tags = api("cloudwatch", "ListTagsForResource", {"ResourceARN": found["AlarmArn"]})
            properties = {name: found.get(name) for name in resource.properties}
            yield StandingResource(
                resource.key,
                properties,
                resource.identity,
                tags_of(tags.get("Tags") or ()),
                {name: found[name] for name in _SET_BY_OTHERS if name in found},
            )


_READERS: Mapping[Kind, Callable[[Api, Resource], Any]] = {
    "encryption key": _key,
    "lifecycle rule": _lifecycle,
    "schedule group": _schedule_group,
    "role": _role,
    "role policy": _role_policy,
}
