"""Redrive: what was received too often moves on, and who may be its destination."""

import json

import pytest

HOUR = 3_600


def give_back(client, url):
    client.change_visibility(url, client.receive_one(url), 0)


def test_a_message_moves_when_a_receive_would_be_one_too_many(client):
    # Given a message received twice, of two times
    letters = client.queue("letters")
    url = client.queue(RedrivePolicy=client.redrive(letters, receives=2))
    attributes = {"a": {"DataType": "String", "StringValue": "x"}}
    sent = client.send(url, "poison", MessageAttributes=attributes)
    sent_at = client.clock()
    give_back(client, url)
    give_back(client, url)
    assert client.counts(letters) == (0, 0, 0)
    client.clock.advance(10)

    # When it would be received again
    assert client.receive(url) == []

    # Then it stands in the other queue: the same id, content and age, and its receives go on being counted
    letter = client.receive_one(letters)
    assert (letter["MessageId"], letter["Body"]) == (sent["MessageId"], "poison")
    assert letter["MessageAttributes"] == attributes
    assert letter["Attributes"]["SentTimestamp"] == str(round(sent_at * 1000))
    assert letter["Attributes"]["ApproximateReceiveCount"] == "3"
    assert letter["Attributes"]["DeadLetterQueueSourceArn"] == client.arn(url)


def test_a_receive_that_dead_letters_messages_returns_others(client):
    letters = client.queue("letters")
    url = client.queue(RedrivePolicy=client.redrive(letters))
    client.send(url, "poison")
    give_back(client, url)
    client.send(url, "fine")

    assert client.bodies(url) == ["fine"]
    assert client.bodies(letters) == ["poison"]


def test_an_expired_visibility_timeout_counts_like_a_released_message(client):
    letters = client.queue("letters")
    url = client.queue(RedrivePolicy=client.redrive(letters))
    client.send(url, "poison")
    client.receive(url)
    client.clock.advance(30)

    assert client.receive(url) == []
    assert client.bodies(letters) == ["poison"]


def test_retention_goes_on_from_the_first_send_on_a_standard_queue(client):
    letters = client.queue("letters", MessageRetentionPeriod=str(2 * HOUR))
    url = client.queue(RedrivePolicy=client.redrive(letters))
    client.send(url, "poison")
    client.clock.advance(1.5 * HOUR)
    give_back(client, url)
    client.receive(url)
    assert client.counts(letters) == (1, 0, 0)

    client.clock.advance(0.5 * HOUR)

    assert client.counts(letters) == (0, 0, 0)


def test_retention_starts_anew_in_a_fifo_dead_letter_queue(client):
    letters = client.queue("letters.fifo", MessageRetentionPeriod=str(2 * HOUR))
    url = client.queue("orders.fifo", RedrivePolicy=client.redrive(letters))
    client.send(url, "poison", MessageDeduplicationId="d")
    client.clock.advance(1.5 * HOUR)
    give_back(client, url)
    client.receive(url)
    client.clock.advance(HOUR)

    result = client.receive_one(letters)

    # Its own id is now its deduplication id (dead-letter queue redrive guide)
    assert result["Attributes"]["MessageDeduplicationId"] == result["MessageId"]
    assert result["Attributes"]["MessageGroupId"] == "g"


def test_a_group_of_dead_letters_keeps_its_order(client):
    letters = client.queue("letters.fifo")
    url = client.queue("orders.fifo", RedrivePolicy=client.redrive(letters))
    for body in ("a0", "a1", "a2"):
        client.send(url, body)
    for message in reversed(client.receive(url)):
        client.change_visibility(url, message, 0)

    assert client.receive(url) == []
    assert client.bodies(letters) == ["a0", "a1", "a2"]


def test_without_a_policy_or_with_a_vanished_queue_messages_stay(client):
    letters = client.queue("letters")
    url = client.queue(RedrivePolicy=client.redrive(letters))
    client.send(url, "poison")
    give_back(client, url)
    client.sqs("DeleteQueue", QueueUrl=letters)

    assert client.bodies(url, VisibilityTimeout=0) == ["poison"]
    client.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"RedrivePolicy": ""})
    assert client.bodies(url) == ["poison"]


def test_receives_before_the_dead_letter_queue_do_not_count_in_it(client):
    last = client.queue("last")
    letters = client.queue("letters", RedrivePolicy=client.redrive(last, receives=2))
    url = client.queue(RedrivePolicy=client.redrive(letters))
    client.send(url, "poison")
    give_back(client, url)
    client.receive(url)

    give_back(client, letters)
    give_back(client, letters)

    assert client.receive(letters) == []
    assert client.bodies(last) == ["poison"]


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("{", "not valid JSON"),
        ("[]", "JSON object"),
        ("{}", "deadLetterTargetArn"),
        ('{"deadLetterTargetArn": "letters", "maxReceiveCount": 1}', "deadLetterTargetArn"),
        ('{"deadLetterTargetArn": "ARN-gone", "maxReceiveCount": 1}', "does not exist"),
        ('{"deadLetterTargetArn": "OWN", "maxReceiveCount": 1}', "own dead-letter queue"),
        ('{"deadLetterTargetArn": "ARN", "maxReceiveCount": 0}', "maxReceiveCount"),
        ('{"deadLetterTargetArn": "ARN", "maxReceiveCount": 1001}', "maxReceiveCount"),
        ('{"deadLetterTargetArn": "ARN", "maxReceiveCount": 1.5}', "maxReceiveCount"),
        ('{"deadLetterTargetArn": "ARN", "maxReceiveCount": true}', "maxReceiveCount"),
        ('{"deadLetterTargetArn": "ARN.fifo", "maxReceiveCount": 1}', "same type"),
    ],
)
def test_a_policy_that_cannot_work_is_refused(client, refused, policy, reason):
    letters = client.queue("letters")
    client.queue("letters.fifo")
    url = client.queue()
    policy = policy.replace("ARN", client.arn(letters)).replace("OWN", client.arn(url))

    changes = {"RedrivePolicy": policy, "DelaySeconds": "9"}
    error = refused(client.sqs, "SetQueueAttributes", QueueUrl=url, Attributes=changes)

    assert error.code == "InvalidParameterValue"
    assert reason in error.message
    assert client.attributes(url, "DelaySeconds", "RedrivePolicy") == {"DelaySeconds": "0"}
    assert refused(client.queue, "another", RedrivePolicy=policy.replace("orders", "another"))
    assert refused(client.sqs, "GetQueueUrl", QueueName="another").code == "QueueDoesNotExist"


def test_a_count_may_be_text_or_left_out(client):
    letters = client.queue("letters")
    arn = client.arn(letters)

    client.queue("text", RedrivePolicy=json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "1000"}))
    url = client.queue("default", RedrivePolicy=json.dumps({"deadLetterTargetArn": arn}))

    client.send(url)
    for _ in range(10):
        give_back(client, url)
    assert client.receive(url) == []


def test_a_queue_says_which_others_may_dead_letter_to_it(client, refused):
    def letters(name, **policy):
        return client.queue(name, RedriveAllowPolicy=json.dumps(policy))

    # The ARN that `orders` is going to have
    orders = client.arn(client.queue("x")).replace(":x", ":orders")
    closed = letters("closed", redrivePermission="denyAll")
    others = letters("others", redrivePermission="byQueue", sourceQueueArns=[orders + "-2"])
    ours = letters("ours", redrivePermission="byQueue", sourceQueueArns=[orders])
    anyones = letters("anyones", redrivePermission="allowAll")

    for target in (closed, others):
        assert "RedriveAllowPolicy" in refused(client.queue, RedrivePolicy=client.redrive(target)).message
    url = client.queue(RedrivePolicy=client.redrive(ours))
    client.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"RedrivePolicy": client.redrive(anyones)})


@pytest.mark.parametrize(
    "policy",
    [
        {},
        {"redrivePermission": "some"},
        {"redrivePermission": "byQueue"},
        {"redrivePermission": "byQueue", "sourceQueueArns": []},
        {"redrivePermission": "byQueue", "sourceQueueArns": [f"arn:aws:sqs:r:a:{n}" for n in range(11)]},
        {"redrivePermission": "allowAll", "sourceQueueArns": ["arn:aws:sqs:r:a:q"]},
    ],
)
def test_an_allow_policy_that_cannot_work_is_refused(client, refused, policy):
    assert refused(client.queue, RedriveAllowPolicy=json.dumps(policy)).code == "InvalidParameterValue"


def test_a_dead_letter_queue_tells_its_sources(client):
    letters = client.queue("letters")
    urls = [client.queue(name, RedrivePolicy=client.redrive(letters)) for name in ("b", "a", "c")]

    def page(**params):
        return client.sqs("ListDeadLetterSourceQueues", QueueUrl=letters, **params)

    assert page() == {"queueUrls": sorted(urls)}
    first = page(MaxResults=2)
    assert first["queueUrls"] == sorted(urls)[:2]
    assert page(MaxResults=2, NextToken=first["NextToken"]) == {"queueUrls": sorted(urls)[2:]}
    assert client.sqs("ListDeadLetterSourceQueues", QueueUrl=urls[0]) == {"queueUrls": []}
