"""The lifecycle rule of a bucket for large bodies, against moto's S3."""

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from pubsub_tasks import ConfigurationError
from pubsub_tasks.provisioning.claims import expire_claims

BUCKET = "parked"
THEIRS = {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 5}}


@pytest.fixture
def s3(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def rules(s3):
    found = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    return {each["ID"]: (each["Filter"]["Prefix"], each["Expiration"]["Days"]) for each in found}


def test_bodies_outlive_the_retention_of_both_queues(s3):
    expire_claims(s3, BUCKET)

    assert rules(s3) == {"pubsub-tasks": ("pubsub-tasks/", 29)}


def test_other_rules_stay_and_ours_is_there_once(s3):
    # Given a bucket that is used for other things as well
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [THEIRS]})

    # When the rule is made, and later another
    expire_claims(s3, BUCKET)
    expire_claims(s3, BUCKET, days=40)

    # Then theirs stands, and of ours the last
    assert rules(s3) == {"logs": ("logs/", 5), "pubsub-tasks": ("pubsub-tasks/", 40)}


def test_a_missing_bucket_raises_the_client_error(s3):
    with pytest.raises(ClientError, match="NoSuchBucket"):
        expire_claims(s3, "nowhere")


def test_less_than_a_day_is_refused(s3):
    with pytest.raises(ConfigurationError, match="days=0"):
        expire_claims(s3, BUCKET, days=0)
