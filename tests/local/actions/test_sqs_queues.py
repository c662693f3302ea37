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
def test_names(desk, refused, name, fifo, legal):
    attributes = {"FifoQueue": "true"} if fifo else {}
    create = {"QueueName": name, "Attributes": attributes}

    if legal:
        assert desk.sqs("CreateQueue", **create)["QueueUrl"].endswith("/" + name)
    else:
        error = refused(desk.sqs, "CreateQueue", **create)
        assert error.code in {"InvalidParameterValue", "MissingParameter"}


def test_a_new_queue_has_the_defaults(desk):
    url = desk.queue()

    told = desk.attributes(url)

    assert told["VisibilityTimeout"] == "30"
    assert told["MessageRetentionPeriod"] == "345600"
    assert told["MaximumMessageSize"] == "1048576"
    assert told["DelaySeconds"] == told["ReceiveMessageWaitTimeSeconds"] == "0"
    assert told["CreatedTimestamp"] == told["LastModifiedTimestamp"] == str(int(desk.clock()))
    assert "FifoQueue" not in told
    fifo = desk.attributes(desk.queue("a.fifo"))
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
def test_ranges_of_attributes(desk, refused, name, legal, illegal):
    url = desk.queue()
    for value in legal:
        desk.sqs("SetQueueAttributes", QueueUrl=url, Attributes={name: value})
        assert desk.attributes(url, name) == ({name: value} if value else {})
    for value in illegal:
        error = refused(desk.sqs, "SetQueueAttributes", QueueUrl=url, Attributes={name: value})
        assert error.code == "InvalidAttributeValue"
        assert name in error.message


def test_attributes_that_do_not_exist_are_refused(desk, refused):
    url = desk.queue()

    def code(action, **params):
        return refused(desk.sqs, action, QueueUrl=url, **params).code

    assert code("SetQueueAttributes", Attributes={"Colour": "red"}) == "InvalidAttributeName"
    assert code("SetQueueAttributes", Attributes={"QueueArn": "arn"}) == "InvalidAttributeName"
    assert code("SetQueueAttributes", Attributes={}) == "MissingParameter"
    assert code("GetQueueAttributes", AttributeNames=["Colour"]) == "InvalidAttributeName"


def test_what_is_for_fifo_queues_is_refused_on_others(desk, refused):
    for name, value in [
        ("ContentBasedDeduplication", "true"),
        ("DeduplicationScope", "queue"),
        ("FifoThroughputLimit", "perQueue"),
    ]:
        assert refused(desk.queue, **{name: value}).code == "InvalidAttributeName"
    url = desk.queue()
    assert refused(desk.sqs, "SetQueueAttributes", QueueUrl=url, Attributes={"FifoQueue": "true"})
    fifo = desk.queue("a.fifo")
    assert refused(desk.sqs, "SetQueueAttributes", QueueUrl=fifo, Attributes={"FifoQueue": "false"})
    # The throughput limit per group needs deduplication per group
    limit = {"FifoThroughputLimit": "perMessageGroupId"}
    assert refused(desk.sqs, "SetQueueAttributes", QueueUrl=fifo, Attributes=limit)
    scope = {"DeduplicationScope": "messageGroup"}
    desk.sqs("SetQueueAttributes", QueueUrl=fifo, Attributes={**limit, **scope})


def test_attributes_change_all_or_none(desk, refused):
    url = desk.queue()

    refused(
        desk.sqs,
        "SetQueueAttributes",
        QueueUrl=url,
        Attributes={"VisibilityTimeout": "5", "DelaySeconds": "x"},
    )

    assert desk.attributes(url, "VisibilityTimeout") == {"VisibilityTimeout": "30"}


def test_a_change_is_dated(desk):
    url = desk.queue()
    desk.clock.advance(100)

    desk.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"VisibilityTimeout": "5"})

    told = desk.attributes(url, "CreatedTimestamp", "LastModifiedTimestamp")
    assert int(told["LastModifiedTimestamp"]) - int(told["CreatedTimestamp"]) == 100


def test_no_attribute_is_told_unless_asked_for(desk):
    url = desk.queue()

    assert desk.sqs("GetQueueAttributes", QueueUrl=url) == {}
    assert desk.attributes(url, "RedrivePolicy") == {}


def test_creating_again_finds_the_same_queue_unless_it_differs(desk, refused):
    letters = desk.queue("letters")
    policy = desk.redrive(letters, 3)
    url = desk.queue(VisibilityTimeout="5", RedrivePolicy=policy)
    desk.send(url)

    assert desk.queue() == url
    assert desk.queue(RedrivePolicy=json.dumps(dict(reversed(json.loads(policy).items())))) == url
    assert desk.counts(url) == (1, 0, 0)
    error = refused(desk.queue, VisibilityTimeout="6")
    assert error.code == "QueueNameExists"
    assert error.query_code == "QueueAlreadyExists"
    assert "VisibilityTimeout" in error.message


def test_a_queue_that_says_it_is_not_fifo_is_a_standard_one(desk):
    assert "FifoQueue" not in desk.attributes(desk.queue(FifoQueue="false"))


def test_a_deleted_queue_is_gone_with_its_messages(desk, refused):
    url = desk.queue()
    desk.send(url)
    desk.sqs("DeleteQueue", QueueUrl=url)

    error = refused(desk.send, url)
    assert error.code == "QueueDoesNotExist"
    assert error.query_code == "AWS.SimpleQueueService.NonExistentQueue"
    assert refused(desk.sqs, "GetQueueUrl", QueueName="orders").code == "QueueDoesNotExist"
    assert desk.counts(desk.queue()) == (0, 0, 0)


def test_the_name_of_a_deleted_queue_rests_for_a_minute_where_asked_for():
    broker = Broker(remembers_deleted=True)

    def call(action, now, **params):
        return broker.call("sqs", action, params, now)

    url = call("CreateQueue", 0.0, QueueName="orders")["QueueUrl"]
    call("DeleteQueue", 0.0, QueueUrl=url)
    with pytest.raises(Exception, match="QueueDeletedRecently"):
        call("CreateQueue", 59.9, QueueName="orders")
    call("CreateQueue", 60.0, QueueName="orders")


def test_queues_are_listed_by_prefix_page_by_page(desk, refused):
    urls = sorted(desk.queue(name) for name in ("a1", "a2", "a3", "b1"))

    assert desk.sqs("ListQueues") == {"QueueUrls": urls}
    assert desk.sqs("ListQueues", QueueNamePrefix="b") == {"QueueUrls": urls[3:]}
    assert desk.sqs("ListQueues", QueueNamePrefix="c") == {}
    first = desk.sqs("ListQueues", QueueNamePrefix="a", MaxResults=2)
    assert first["QueueUrls"] == urls[:2]
    rest = desk.sqs("ListQueues", QueueNamePrefix="a", MaxResults=2, NextToken=first["NextToken"])
    assert rest == {"QueueUrls": urls[2:3]}
    assert refused(desk.sqs, "ListQueues", NextToken="é").code == "InvalidParameterValue"


def test_tags_are_added_replaced_and_removed(desk, refused):
    url = desk.sqs("CreateQueue", QueueName="orders", tags={"team": "shop"})["QueueUrl"]

    desk.sqs("TagQueue", QueueUrl=url, Tags={"team": "billing", "env": "dev"})
    desk.sqs("UntagQueue", QueueUrl=url, TagKeys=["env", "never there"])

    assert desk.sqs("ListQueueTags", QueueUrl=url) == {"Tags": {"team": "billing"}}
    assert desk.sqs("ListQueueTags", QueueUrl=desk.queue("bare")) == {}
    many = {str(number): "x" for number in range(50)}
    assert refused(desk.sqs, "TagQueue", QueueUrl=url, Tags=many).code == "InvalidParameterValue"


def test_an_action_that_is_not_there_is_named(desk, refused):
    error = refused(desk.sqs, "ListMoves", QueueUrl=desk.queue())

    assert error.code == "InvalidAction"
    assert "ListMoves" in error.message


def test_a_missing_url_is_named(desk, refused):
    assert refused(desk.sqs, "PurgeQueue").code == "MissingParameter"
