"""The S3 lifecycle rule that expires large message bodies."""

from typing import Any

from ..errors import ConfigurationError
from ..wire.s3_pointer import KEY_PREFIX

DAYS = 29
"""Longer than the maximum retention of a queue and of its dead-letter queue together, 14 days each.
Source: SQS API reference, CreateQueue, MessageRetentionPeriod."""

RULE = "pubsub-tasks"
"""The ID of this package's rule in a bucket's lifecycle configuration."""

LIFECYCLE = ("Rules", "TransitionDefaultMinimumObjectSize")
"""What a put replaces: S3 sets its default for what is left out.
Source: S3 API reference, PutBucketLifecycleConfiguration."""


def expire_claims(s3: Any, bucket: str, days: int = DAYS) -> None:
    """Set a lifecycle rule that deletes message bodies after `days` days; the bucket's other rules stay.

    `s3` is boto3's client of `s3`. Idempotent. Raises ConfigurationError for less than one day, and
    botocore's ClientError if S3 refuses.
    """
    if days < 1:
        raise ConfigurationError(f"days={days}: a body that is deleted before its message is read is lost")
    found = _lifecycle(s3, bucket)
    rules = [*(each for each in found.pop("Rules", ()) if each.get("ID") != RULE), rule(days)]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules}, **found)


def rule(days: int = DAYS) -> dict[str, Any]:
    """The lifecycle rule in boto3's shape."""
    return {
        "ID": RULE,
        "Status": "Enabled",
        "Filter": {"Prefix": KEY_PREFIX},
        "Expiration": {"Days": days},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }


def _lifecycle(s3: Any, bucket: str) -> dict[str, Any]:
    try:
        found = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchLifecycleConfiguration":
            raise
        return {}
    return {name: found[name] for name in LIFECYCLE if name in found}
