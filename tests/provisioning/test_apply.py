"""Plans are carried out in the embedded broker."""

from json import dumps

from pubsub_tasks.provisioning.apply import apply_plan
from pubsub_tasks.provisioning.resources import Key
from pubsub_tasks.provisioning.topology import Declared
from tests.provisioning.shop import PREFIX, Account, BrokerApi, queue_key, topology


def test_after_apply_nothing_is_left_to_do() -> None:
    # Given an account without anything
    account = Account(BrokerApi())

    # When everything is applied
    applied = account.apply()

    # Then all of it stands, and a second plan has no step
    assert applied.refusal is None
    assert not applied.left
    assert account.plan().is_complete
    assert account.plan().left_alone == ()


def test_a_refusal_stops_and_the_next_apply_goes_on() -> None:
    # Given a queue that may not be created
    api = BrokerApi()
    account = Account(api)
    api.refuse = {f"{PREFIX}search": "AccessDenied"}

    # When everything is applied
    applied = account.apply()

    # Then what could be done is done, the refusal is known, and what depends on it is left
    assert applied.refusal is not None
    assert "AccessDenied" in str(applied.refusal)
    assert queue_key("search") in {step.key for step in applied.left}
    assert all(step.key.kind != "subscription" for step in applied.done)

    # And with the permission the rest is done, and no more than that
    api.refuse = {}
    again = account.apply()
    assert {step.key for step in again.done}.isdisjoint(step.key for step in applied.done)
    assert account.plan().is_complete


def test_two_applies_at_once_end_alike() -> None:
    # Given two plans of the same account before either is applied
    api = BrokerApi()
    first, second = Account(api), Account(api)
    plans = first.plan(), second.plan()

    # When both are carried out
    outcomes = [apply_plan(plan, api) for plan in plans]

    # Then neither is refused, and what stands is what is wanted
    assert [outcome.refusal for outcome in outcomes] == [None, None]
    assert first.plan().is_complete
    assert len([key for key in first.found() if key.kind == "subscription"]) == 5


def test_what_has_no_tag_is_left_until_it_is_adopted() -> None:
    # Given a queue of a wanted name that someone else made
    api = BrokerApi()
    account = Account(api)
    api("sqs", "CreateQueue", {"QueueName": f"{PREFIX}receipts"})

    # When the plan is applied
    account.apply()

    # Then the queue is as it was, is reported, and gets no subscription
    plan = account.plan()
    assert plan.steps == ()
    assert not plan.is_complete
    reasons = {left.key: left.reason for left in plan.left_alone}
    assert f"apply --adopt {PREFIX}receipts" in reasons[queue_key("receipts")]
    assert account.found()[queue_key("receipts")].properties["VisibilityTimeout"] == "30"
    assert not any(key.name.endswith(f"-> {PREFIX}receipts") for key in account.found())

    # And once it is adopted it is as wanted
    account.apply(adopt=frozenset({f"{PREFIX}receipts"}))
    assert account.plan().is_complete


def test_of_a_queue_policy_the_own_statement_alone_is_replaced() -> None:
    # Given an applied queue to whose policy someone added a statement
    api = BrokerApi()
    account = Account(api)
    account.apply()
    url = account.found()[queue_key("receipts")].identity["QueueUrl"]
    label = {"QueueUrl": url, "Label": "audit", "AWSAccountIds": ["123456789012"]}
    api("sqs", "AddPermission", {**label, "Actions": ["ReceiveMessage"]})
    assert account.plan().is_complete

    # When the own statement is removed, and applied again
    api("sqs", "RemovePermission", {"QueueUrl": url, "Label": "pubsub-tasks"})
    assert [step.key for step in account.plan().steps] == [queue_key("receipts")]
    account.apply()

    # Then both stand
    document = account.found()[queue_key("receipts")].document
    assert [each["Sid"] for each in document["Statement"]] == ["audit", "pubsub-tasks"]


def test_a_policy_in_the_form_in_which_aws_may_return_it_is_as_it_was_set() -> None:
    # Given statements with a list where a text was set, a text for a list of one, and another order
    api = BrokerApi()
    account = Account(api)
    account.apply()
    for name in ("receipts", "stock.fifo"):
        queue = account.found()[queue_key(name)]
        (statement,) = queue.document["Statement"]
        arns = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
        condition = {"ArnEquals": {"aws:SourceArn": arns[0] if len(arns) == 1 else arns[::-1]}}
        document = {
            "Statement": [{**statement, "Action": [statement["Action"]], "Condition": condition}],
            "Version": "2012-10-17",
        }
        attributes = {"Policy": dumps(document)}
        api("sqs", "SetQueueAttributes", {"QueueUrl": queue.identity["QueueUrl"], "Attributes": attributes})

    # Then there is nothing to do
    assert account.plan().is_complete


def test_prune_alone_deletes_and_never_a_queue_with_messages() -> None:
    # Given an app that no longer has its queues, one of which holds a message
    api = BrokerApi()
    before = Account(api)
    before.apply()
    url = before.found()[queue_key("search")].identity["QueueUrl"]
    api("sqs", "SendMessage", {"QueueUrl": url, "MessageBody": "x"})
    after = Account(api, topology=topology(declared=Declared(())))

    # When it is applied, nothing is deleted
    assert after.plan().steps == ()
    assert after.plan().is_complete

    # And with prune all but that queue, its dead letters, and no subscription of it
    applied = after.apply(prune=True)
    assert applied.refusal is None
    assert set(after.found()) == {queue_key("search"), queue_key("search-dlq")}
    assert {str(left.key): left.reason for left in after.plan(prune=True).left_alone} == {
        "queue shop-search": "no task needs it, and it holds 1 message",
        "queue shop-search-dlq": "no task needs it, and it has the dead letters of shop-search",
    }
    assert Key("topic", "none") not in after.found()
