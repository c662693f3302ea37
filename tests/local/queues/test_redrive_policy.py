"""Redrive: what was received too often moves on, and who may be its destination."""

import json

import pytest

HOUR = 3_600


def give_back(desk, url):
    desk.hold(url, desk.one(url), 0)


def test_a_message_moves_when_a_receive_would_be_one_too_many(desk):
    # Given a message received twice, of two times
    letters = desk.queue("letters")
    url = desk.queue(RedrivePolicy=desk.redrive(letters, receives=2))
    attributes = {"a": {"DataType": "String", "StringValue": "x"}}
    sent = desk.send(url, "poison", MessageAttributes=attributes)
    sent_at = desk.clock()
    give_back(desk, url)
    give_back(desk, url)
    assert desk.counts(letters) == (0, 0, 0)
    desk.clock.advance(10)

    # When it would be received again
    assert desk.receive(url) == []

    # Then it stands in the other queue: the same id, content and age, and its receives go on being counted
    letter = desk.one(letters)
    assert (letter["MessageId"], letter["Body"]) == (sent["MessageId"], "poison")
    assert letter["MessageAttributes"] == attributes
    assert letter["Attributes"]["SentTimestamp"] == str(round(sent_at * 1000))
    assert letter["Attributes"]["ApproximateReceiveCount"] == "3"
    assert letter["Attributes"]["DeadLetterQueueSourceArn"] == desk.arn(url)


def test_a_receive_that_moves_some_gives_others(desk):
    letters = desk.queue("letters")
    url = desk.queue(RedrivePolicy=desk.redrive(letters))
    desk.send(url, "poison")
    give_back(desk, url)
    desk.send(url, "fine")

    assert desk.bodies(url) == ["fine"]
    assert desk.bodies(letters) == ["poison"]


def test_a_hold_that_ends_counts_like_one_that_is_given_back(desk):
    letters = desk.queue("letters")
    url = desk.queue(RedrivePolicy=desk.redrive(letters))
    desk.send(url, "poison")
    desk.receive(url)
    desk.clock.advance(30)

    assert desk.receive(url) == []
    assert desk.bodies(letters) == ["poison"]


def test_retention_goes_on_from_the_first_send_on_a_standard_queue(desk):
    letters = desk.queue("letters", MessageRetentionPeriod=str(2 * HOUR))
    url = desk.queue(RedrivePolicy=desk.redrive(letters))
    desk.send(url, "poison")
    desk.clock.advance(1.5 * HOUR)
    give_back(desk, url)
    desk.receive(url)
    assert desk.counts(letters) == (1, 0, 0)

    desk.clock.advance(0.5 * HOUR)

    assert desk.counts(letters) == (0, 0, 0)


def test_retention_starts_anew_in_a_fifo_dead_letter_queue(desk):
    letters = desk.queue("letters.fifo", MessageRetentionPeriod=str(2 * HOUR))
    url = desk.queue("orders.fifo", RedrivePolicy=desk.redrive(letters))
    desk.send(url, "poison", MessageDeduplicationId="d")
    desk.clock.advance(1.5 * HOUR)
    give_back(desk, url)
    desk.receive(url)
    desk.clock.advance(HOUR)

    told = desk.one(letters)

    # Its own id is now its deduplication id (dead-letter queue redrive guide)
    assert told["Attributes"]["MessageDeduplicationId"] == told["MessageId"]
    assert told["Attributes"]["MessageGroupId"] == "g"


def test_a_group_of_dead_letters_keeps_its_order(desk):
    letters = desk.queue("letters.fifo")
    url = desk.queue("orders.fifo", RedrivePolicy=desk.redrive(letters))
    for body in ("a0", "a1", "a2"):
        desk.send(url, body)
    for message in reversed(desk.receive(url)):
        desk.hold(url, message, 0)

    assert desk.receive(url) == []
    assert desk.bodies(letters) == ["a0", "a1", "a2"]


def test_without_a_policy_or_with_a_vanished_queue_messages_stay(desk):
    letters = desk.queue("letters")
    url = desk.queue(RedrivePolicy=desk.redrive(letters))
    desk.send(url, "poison")
    give_back(desk, url)
    desk.sqs("DeleteQueue", QueueUrl=letters)

    assert desk.bodies(url, VisibilityTimeout=0) == ["poison"]
    desk.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"RedrivePolicy": ""})
    assert desk.bodies(url) == ["poison"]


def test_receives_before_the_dead_letter_queue_do_not_count_in_it(desk):
    last = desk.queue("last")
    letters = desk.queue("letters", RedrivePolicy=desk.redrive(last, receives=2))
    url = desk.queue(RedrivePolicy=desk.redrive(letters))
    desk.send(url, "poison")
    give_back(desk, url)
    desk.receive(url)

    give_back(desk, letters)
    give_back(desk, letters)

    assert desk.receive(letters) == []
    assert desk.bodies(last) == ["poison"]


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
def test_a_policy_that_cannot_work_is_refused(desk, refused, policy, reason):
    letters = desk.queue("letters")
    desk.queue("letters.fifo")
    url = desk.queue()
    policy = policy.replace("ARN", desk.arn(letters)).replace("OWN", desk.arn(url))

    changes = {"RedrivePolicy": policy, "DelaySeconds": "9"}
    error = refused(desk.sqs, "SetQueueAttributes", QueueUrl=url, Attributes=changes)

    assert error.code == "InvalidParameterValue"
    assert reason in error.message
    assert desk.attributes(url, "DelaySeconds", "RedrivePolicy") == {"DelaySeconds": "0"}
    assert refused(desk.queue, "another", RedrivePolicy=policy.replace("orders", "another"))
    assert refused(desk.sqs, "GetQueueUrl", QueueName="another").code == "QueueDoesNotExist"


def test_a_count_may_be_text_or_left_out(desk):
    letters = desk.queue("letters")
    arn = desk.arn(letters)

    desk.queue("text", RedrivePolicy=json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "1000"}))
    url = desk.queue("default", RedrivePolicy=json.dumps({"deadLetterTargetArn": arn}))

    desk.send(url)
    for _ in range(10):
        give_back(desk, url)
    assert desk.receive(url) == []


def test_a_queue_says_which_others_may_dead_letter_to_it(desk, refused):
    def letters(name, **policy):
        return desk.queue(name, RedriveAllowPolicy=json.dumps(policy))

    # The ARN that `orders` is going to have
    orders = desk.arn(desk.queue("x")).replace(":x", ":orders")
    closed = letters("closed", redrivePermission="denyAll")
    others = letters("others", redrivePermission="byQueue", sourceQueueArns=[orders + "-2"])
    ours = letters("ours", redrivePermission="byQueue", sourceQueueArns=[orders])
    anyones = letters("anyones", redrivePermission="allowAll")

    for target in (closed, others):
        assert "RedriveAllowPolicy" in refused(desk.queue, RedrivePolicy=desk.redrive(target)).message
    url = desk.queue(RedrivePolicy=desk.redrive(ours))
    desk.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"RedrivePolicy": desk.redrive(anyones)})


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
def test_an_allow_policy_that_cannot_work_is_refused(desk, refused, policy):
    assert refused(desk.queue, RedriveAllowPolicy=json.dumps(policy)).code == "InvalidParameterValue"


def test_a_dead_letter_queue_tells_its_sources(desk):
    letters = desk.queue("letters")
    urls = [desk.queue(name, RedrivePolicy=desk.redrive(letters)) for name in ("b", "a", "c")]

    def page(**params):
        return desk.sqs("ListDeadLetterSourceQueues", QueueUrl=letters, **params)

    assert page() == {"queueUrls": sorted(urls)}
    first = page(MaxResults=2)
    assert first["queueUrls"] == sorted(urls)[:2]
    assert page(MaxResults=2, NextToken=first["NextToken"]) == {"queueUrls": sorted(urls)[2:]}
    assert desk.sqs("ListDeadLetterSourceQueues", QueueUrl=urls[0]) == {"queueUrls": []}
