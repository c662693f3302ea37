"""Actions on queues: names, attributes and their ranges, tags, lists."""

import json

import pytest

from pubsub_tasks.local.rules.broker import Broker


def test_a_queue_has_a_url_and_an_arn():
    broker = Broker("eu-west-1", "123456789012", "http://127.0.0.1:9")
    (url,) = broker.call("sqs", "CreateQueue", {"QueueName": "orders"}, 0.0).values()
    asked = {"QueueUrl": url, "AttributeNames": ["QueueArn"]}

    assert url == "http://127.0.0.1:9/123456789012/orders"
    assert broker.call("sqs", "GetQueueAttributes", asked, 0.0) == {
        "Attributes": {"QueueArn": "arn:aws:sqs:eu-west-1:123456789012:orders"}
    }
    assert broker.call("sqs", "GetQueueUrl", {"QueueName": "orders"}, 0.0) == {"QueueUrl": url}


@pytest.mark.parametrize(
    ("name", "fifo", "legal"),
    [
        ("a" * 80, False, True),
        ("a" * 81, False, False),
        ("A-b_9", False, True),
        ("a/b", False, False),
        ("a.b", False, False),
        ("a.fifo", False, False),
        ("", False, False),
        ("a" * 75 + ".fifo", True, True),
        ("a" * 76 + ".fifo", True, False),
        ("a", True, False),
        (".fifo", True, False),
    ],
)
def test_names(client, refused, name, fifo, legal):
    attributes = {"FifoQueue": "true"} if fifo else {}
    create = {"QueueName": name, "Attributes": attributes}

    if legal:
        assert client.sqs("CreateQueue", **create)["QueueUrl"].endswith("/" + name)
    else:
        error = refused(client.sqs, "CreateQueue", **create)
        assert error.code in {"InvalidParameterValue", "MissingParameter"}


def test_a_new_queue_has_the_defaults(client):
    url = client.queue()

    result = client.attributes(url)

    assert result["VisibilityTimeout"] == "30"
    assert result["MessageRetentionPeriod"] == "345600"
    assert result["MaximumMessageSize"] == "1048576"
    assert result["DelaySeconds"] == result["ReceiveMessageWaitTimeSeconds"] == "0"
    assert result["CreatedTimestamp"] == result["LastModifiedTimestamp"] == str(int(client.clock()))
    assert "FifoQueue" not in result
    fifo = client.attributes(client.queue("a.fifo"))
    assert fifo["FifoQueue"] == "true"
    assert fifo["ContentBasedDeduplication"] == "false"
    assert (fifo["DeduplicationScope"], fifo["FifoThroughputLimit"]) == ("queue", "perQueue")


@pytest.mark.parametrize(
    ("name", "legal", "illegal"),
    [
        ("DelaySeconds", ["0", "900"], ["-1", "901", "x", "", "1.5", "²"]),
        ("MaximumMessageSize", ["1024", "1048576"], ["1023", "1048577"]),
        ("MessageRetentionPeriod", ["60", "1209600"], ["59", "1209601"]),
        ("ReceiveMessageWaitTimeSeconds", ["0", "20"], ["21"]),
        ("VisibilityTimeout", ["0", "43200"], ["43201"]),
        ("KmsDataKeyReusePeriodSeconds", ["60", "86400"], ["59", "86401"]),
        ("SqsManagedSseEnabled", ["true", "false"], ["True", ""]),
        ("Policy", ['{"Version": "2012-10-17"}', ""], ["{", "[]"]),
    ],
)
def test_ranges_of_attributes(client, refused, name, legal, illegal):
    url = client.queue()
    for value in legal:
        client.sqs("SetQueueAttributes", QueueUrl=url, Attributes={name: value})
        assert client.attributes(url, name) == ({name: value} if value else {})
    for value in illegal:
        error = refused(client.sqs, "SetQueueAttributes", QueueUrl=url, Attributes={name: value})
        assert error.code == "InvalidAttributeValue"
        assert name in error.message


def test_attributes_that_do_not_exist_are_refused(client, refused):
    url = client.queue()

    def code(action, **params):
        return refused(client.sqs, action, QueueUrl=url, **params).code

    assert code("SetQueueAttributes", Attributes={"Colour": "red"}) == "InvalidAttributeName"
    assert code("SetQueueAttributes", Attributes={"QueueArn": "arn"}) == "InvalidAttributeName"
    assert code("SetQueueAttributes", Attributes={}) == "MissingParameter"
    assert code("GetQueueAttributes", AttributeNames=["Colour"]) == "InvalidAttributeName"


def test_fifo_attributes_are_refused_on_standard_queues(client, refused):
    for name, value in [
        ("ContentBasedDeduplication", "true"),
        ("DeduplicationScope", "queue"),
        ("FifoThroughputLimit", "perQueue"),
    ]:
        assert refused(client.queue, **{name: value}).code == "InvalidAttributeName"
    url = client.queue()
    assert refused(client.sqs, "SetQueueAttributes", QueueUrl=url, Attributes={"FifoQueue": "true"})
    fifo = client.queue("a.fifo")
    assert refused(client.sqs, "SetQueueAttributes", QueueUrl=fifo, Attributes={"FifoQueue": "false"})
    # The throughput limit per group needs deduplication per group
    limit = {"FifoThroughputLimit": "perMessageGroupId"}
    assert refused(client.sqs, "SetQueueAttributes", QueueUrl=fifo, Attributes=limit)
    scope = {"DeduplicationScope": "messageGroup"}
    client.sqs("SetQueueAttributes", QueueUrl=fifo, Attributes={**limit, **scope})


def test_attributes_change_all_or_none(client, refused):
    url = client.queue()

    refused(
        client.sqs,
        "SetQueueAttributes",
        QueueUrl=url,
        Attributes={"VisibilityTimeout": "5", "DelaySeconds": "x"},
    )

    assert client.attributes(url, "VisibilityTimeout") == {"VisibilityTimeout": "30"}


def test_a_change_is_dated(client):
    url = client.queue()
    client.clock.advance(100)

    client.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"VisibilityTimeout": "5"})

    result = client.attributes(url, "CreatedTimestamp", "LastModifiedTimestamp")
    assert int(result["LastModifiedTimestamp"]) - int(result["CreatedTimestamp"]) == 100


def test_no_attribute_is_returned_unless_requested(client):
    url = client.queue()

    assert client.sqs("GetQueueAttributes", QueueUrl=url) == {}
    assert client.attributes(url, "RedrivePolicy") == {}


def test_creating_again_finds_the_same_queue_unless_it_differs(client, refused):
    letters = client.queue("letters")
    policy = client.redrive(letters, 3)
    url = client.queue(VisibilityTimeout="5", RedrivePolicy=policy)
    client.send(url)

    assert client.queue() == url
    assert client.queue(RedrivePolicy=json.dumps(dict(reversed(json.loads(policy).items())))) == url
    assert client.counts(url) == (1, 0, 0)
    error = refused(client.queue, VisibilityTimeout="6")
    assert error.code == "QueueNameExists"
    assert error.query_code == "QueueAlreadyExists"
    assert "VisibilityTimeout" in error.message


def test_fifo_queue_false_creates_a_standard_queue(client):
    assert "FifoQueue" not in client.attributes(client.queue(FifoQueue="false"))


def test_a_deleted_queue_is_gone_with_its_messages(client, refused):
    url = client.queue()
    client.send(url)
    client.sqs("DeleteQueue", QueueUrl=url)

    error = refused(client.send, url)
    assert error.code == "QueueDoesNotExist"
    assert error.query_code == "AWS.SimpleQueueService.NonExistentQueue"
    assert refused(client.sqs, "GetQueueUrl", QueueName="orders").code == "QueueDoesNotExist"
    assert client.counts(client.queue()) == (0, 0, 0)


def test_the_name_of_a_deleted_queue_can_be_reserved_for_a_minute():
    broker = Broker(remembers_deleted=True)

    def call(action, now, **params):
        return broker.call("sqs", action, params, now)

    url = call("CreateQueue", 0.0, QueueName="orders")["QueueUrl"]
    call("DeleteQueue", 0.0, QueueUrl=url)
    with pytest.raises(Exception, match="QueueDeletedRecently"):
        call("CreateQueue", 59.9, QueueName="orders")
    call("CreateQueue", 60.0, QueueName="orders")


def test_queues_are_listed_by_prefix_page_by_page(client, refused):
    urls = sorted(client.queue(name) for name in ("a1", "a2", "a3", "b1"))

    assert client.sqs("ListQueues") == {"QueueUrls": urls}
    assert client.sqs("ListQueues", QueueNamePrefix="b") == {"QueueUrls": urls[3:]}
    assert client.sqs("ListQueues", QueueNamePrefix="c") == {}
    first = client.sqs("ListQueues", QueueNamePrefix="a", MaxResults=2)
    assert first["QueueUrls"] == urls[:2]
    rest = client.sqs("ListQueues", QueueNamePrefix="a", MaxResults=2, NextToken=first["NextToken"])
    assert rest == {"QueueUrls": urls[2:3]}
    assert refused(client.sqs, "ListQueues", NextToken="é").code == "InvalidParameterValue"


def test_tags_are_added_replaced_and_removed(client, refused):
    url = client.sqs("CreateQueue", QueueName="orders", tags={"team": "shop"})["QueueUrl"]

    client.sqs("TagQueue", QueueUrl=url, Tags={"team": "billing", "env": "dev"})
    client.sqs("UntagQueue", QueueUrl=url, TagKeys=["env", "never there"])

    assert client.sqs("ListQueueTags", QueueUrl=url) == {"Tags": {"team": "billing"}}
    assert client.sqs("ListQueueTags", QueueUrl=client.queue("bare")) == {}
    many = {str(number): "x" for number in range(50)}
    assert refused(client.sqs, "TagQueue", QueueUrl=url, Tags=many).code == "InvalidParameterValue"


def test_an_unknown_action_is_named(client, refused):
    error = refused(client.sqs, "ListMoves", QueueUrl=client.queue())

    assert error.code == "InvalidAction"
    assert "ListMoves" in error.message


def test_a_missing_url_is_named(client, refused):
    assert refused(client.sqs, "PurgeQueue").code == "MissingParameter"
