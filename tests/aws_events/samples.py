"""Events of AWS's services, in the documented shapes and with data of our own."""

from typing import Any


def s3_record(event: str = "ObjectCreated:Put", key: str = "in/a+b%3D1.csv") -> dict[str, Any]:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-1",
        "eventTime": "2026-11-02T12:45:07.000Z",
        "eventName": event,
        "userIdentity": {"principalId": "AIDAJDPLRKLG7UEXAMPLE"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "orders",
            "bucket": {
                "name": "shop-orders",
                "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                "arn": "arn:aws:s3:::shop-orders",
            },
            "object": {
                "key": key,
                "size": 1024,
                "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
                "sequencer": "0055AED6DCD90281E5",
            },
        },
    }


def s3_event(*events: str) -> dict[str, Any]:
    return {"Records": [s3_record(event) for event in events or ("ObjectCreated:Put",)]}


S3_TEST = {
    "Service": "Amazon S3",
    "Event": "s3:TestEvent",
    "Time": "2026-11-02T12:45:07.000Z",
    "Bucket": "shop-orders",
    "RequestId": "5582815E1AEA5ADF",
    "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE",
}


def bridged(source: str, detail_type: str, detail: dict[str, Any], *resources: str) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": detail_type,
        "source": source,
        "account": "123456789012",
        "time": "2026-11-02T12:45:07Z",
        "region": "eu-west-1",
        "resources": list(resources),
        "detail": detail,
    }


S3_BRIDGED = bridged(
    "aws.s3",
    "Object Created",
    {
        "version": "0",
        "bucket": {"name": "shop-orders"},
        "object": {
            "key": "in/a b=1.csv",
            "size": 1024,
            "etag": "d41d8cd98f00b204e9800998ecf8427e",
            "version-id": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
            "sequencer": "0055AED6DCD90281E5",
        },
        "request-id": "N4N7GDK58NMKJ12R",
        "requester": "123456789012",
        "source-ip-address": "127.0.0.1",
        "reason": "PutObject",
    },
    "arn:aws:s3:::shop-orders",
)

ALARM_ARN = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:letters"

ALARM = {
    "AlarmName": "letters",
    "AlarmDescription": "There are dead letters.",
    "AWSAccountId": "123456789012",
    "AlarmConfigurationUpdatedTimestamp": "2026-10-01T08:00:00.000+0000",
    "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed: 1 datapoint [3.0] was greater than the threshold (0.0).",
    "StateChangeTime": "2026-11-02T12:45:07.000+0000",
    "Region": "EU (Ireland)",
    "AlarmArn": ALARM_ARN,
    "OldStateValue": "OK",
    "OKActions": [],
    "AlarmActions": ["arn:aws:sns:eu-west-1:123456789012:alarms"],
    "InsufficientDataActions": [],
    "Trigger": {"MetricName": "ApproximateNumberOfMessagesVisible", "Namespace": "AWS/SQS"},
}

ALARM_BRIDGED = bridged(
    "aws.cloudwatch",
    "CloudWatch Alarm State Change",
    {
        "alarmName": "letters",
        "configuration": {"description": "There are dead letters.", "metrics": []},
        "previousState": {"value": "OK", "reason": "quiet", "timestamp": "2026-11-02T12:00:07.000+0000"},
        "state": {"value": "ALARM", "reason": "three letters", "timestamp": "2026-11-02T12:45:07.000+0000"},
    },
    ALARM_ARN,
)

SES = {
    "notificationType": "Received",
    "mail": {
        "timestamp": "2026-11-02T12:45:07.000Z",
        "source": "ann@example.com",
        "messageId": "d6iitobk75ur44p8kdnnp7g2n800",
        "destination": ["orders@shop.example"],
        "headersTruncated": False,
        "headers": [{"name": "Subject", "value": "Where is my order?"}],
        "commonHeaders": {
            "returnPath": "ann@example.com",
            "from": ["Ann <ann@example.com>"],
            "date": "Mon, 2 Nov 2026 12:45:07 +0000",
            "to": ["orders@shop.example"],
            "messageId": "<1@example.com>",
            "subject": "Where is my order?",
        },
    },
    "receipt": {
        "timestamp": "2026-11-02T12:45:08.000Z",
        "processingTimeMillis": 574,
        "recipients": ["orders@shop.example"],
        "spamVerdict": {"status": "PASS"},
        "virusVerdict": {"status": "PASS"},
        "spfVerdict": {"status": "PASS"},
        "dkimVerdict": {"status": "PASS"},
        "dmarcVerdict": {"status": "PASS"},
        "action": {"type": "SNS", "topicArn": "arn:aws:sns:eu-west-1:123456789012:mail"},
    },
    "content": "From: Ann",
}


def cloud_event(number: int = 1, kind: str = "com.shop.order.placed", **members: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"event-{number}",
        "source": "/shop",
        "type": kind,
        "time": "2026-11-02T12:45:07Z",
        **({"data": {"order_id": number}} if "data_base64" not in members else {}),
        **members,
    }
