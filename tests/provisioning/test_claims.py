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


def test_what_is_parked_outlives_queue_and_dead_letter_queue_and_not_much_more(s3):
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


def test_a_bucket_that_is_not_there_is_the_callers_to_know(s3):
    with pytest.raises(ClientError, match="NoSuchBucket"):
        expire_claims(s3, "nowhere")


def test_no_body_may_go_before_its_message(s3):
    with pytest.raises(ConfigurationError, match="days=0"):
        expire_claims(s3, BUCKET, days=0)
