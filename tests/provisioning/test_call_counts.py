"""How many calls a plan and an apply of a large application make."""

from collections import Counter
from threading import Lock

from pubsub_tasks.provisioning.apply import CALLS_AT_ONCE, apply_plan
from pubsub_tasks.provisioning.topology import Declared, QueueSpec, build_topology
from tests.provisioning.shop import PLACE, Account, BrokerApi, naming

TYPES = tuple(f"application/vnd.shop.pubsub._.created.resource_{number}" for number in range(200))
QUEUES = 30
LARGE = Declared(
    tuple(QueueSpec(f"queue-{number}", TYPES[number::QUEUES], (5,)) for number in range(QUEUES)), TYPES
)


def large(api: BrokerApi) -> Account:
    return Account(api, PLACE, build_topology(LARGE, naming()))


def test_a_plan_of_an_empty_account_lists_and_asks_for_nothing_one_by_one() -> None:
    api = BrokerApi()

    plan = large(api).plan()

    assert Counter(api.calls) == {"ListQueues": 1, "ListTopics": 1, "ListSubscriptions": 1}
    assert len(plan.steps) == 200 + 2 * QUEUES + 200


def test_apply_makes_one_call_for_each_resource() -> None:
    api = BrokerApi()
    plan = large(api).plan()
    api.calls.clear()

    apply_plan(plan, api)

    assert Counter(api.calls) == {"CreateTopic": 200, "CreateQueue": 2 * QUEUES, "Subscribe": 200}


def test_a_plan_of_what_stands_reads_each_resource_once_and_lists_by_the_page() -> None:
    api = BrokerApi()
    account = large(api)
    account.apply()
    api.calls.clear()

    assert account.plan().is_complete

    assert Counter(api.calls) == {
        "ListQueues": 1,
        "ListTopics": 2,
        "ListSubscriptions": 2,
        "GetQueueAttributes": 2 * QUEUES,
        "ListQueueTags": 2 * QUEUES,
        "GetTopicAttributes": 200,
        "ListTagsForResource": 200,
        "GetSubscriptionAttributes": 200,
    }


def test_calls_are_made_side_by_side_within_bounds() -> None:
    # Given an API that tells how many calls run at once
    api, lock, running, most = BrokerApi(), Lock(), 0, 0

    def call(service: str, action: str, params: dict[str, object]) -> dict[str, object]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        try:
            with lock:
                return api(service, action, params)
        finally:
            with lock:
                running -= 1

    # When a large plan is applied
    applied = apply_plan(large(api).plan(), call)  # type: ignore[arg-type]

    # Then never more than the bound ran
    assert applied.refusal is None
    assert most <= CALLS_AT_ONCE
