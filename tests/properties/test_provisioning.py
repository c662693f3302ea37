"""Plans of random applications on random accounts: what they end in, and what they never do."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pubsub_tasks.provisioning.apply import apply_plan
from pubsub_tasks.provisioning.planning.diff import PlanOptions, differences_of, make_plan
from pubsub_tasks.provisioning.planning.stages import stages
from pubsub_tasks.provisioning.planning.steps import ProvisioningPlan, Step, found_after
from pubsub_tasks.provisioning.resources import OWNER_TAG, Found, Key, Resource, StandingResource
from pubsub_tasks.provisioning.settings import AlarmSettings, ProvisioningSettings, SchedulerSettings
from pubsub_tasks.provisioning.topology import Declared, QueueSpec, build_topology
from pubsub_tasks.provisioning.wanted.wanted_resources import wanted_resources
from tests.provisioning.shop import OWNER, PLACE, PREFIX, Account, BrokerApi, naming, shared_naming

TYPES = [f"application/vnd.shop.pubsub._.created.{name}" for name in ("a", "b", "c", "d")]
WILDCARD = "application/vnd.shop.pubsub._.created.*"

bound = st.lists(st.sampled_from([*TYPES, WILDCARD]), max_size=4, unique=True).map(tuple)
specs = st.builds(
    QueueSpec,
    st.sampled_from(["one", "two", "three"]),
    bound,
    st.lists(st.none() | st.integers(1, 200), max_size=3).map(tuple),
    grouped=st.booleans(),
)
declared = st.builds(
    Declared,
    st.lists(specs, max_size=3, unique_by=lambda spec: spec.name).map(tuple),
    st.lists(st.sampled_from(TYPES), unique=True).map(tuple),
)
options = st.builds(
    ProvisioningSettings,
    st.just(OWNER),
    st.dictionaries(st.sampled_from(["team", "stage"]), st.sampled_from(["x", "y"])),
    st.integers(60, 1_209_600),
    st.integers(0, 43_200),
    st.integers(1_024, 1_048_576),
    kms_key=st.none() | st.just("key-1"),
    bucket=st.none() | st.just("bodies"),
    scheduler=st.none() | st.just(SchedulerSettings(PLACE.role_arn("scheduler"), "shop")),
    alarms=st.none() | st.builds(AlarmSettings, st.integers(60, 3_600)),
)
filters = st.sampled_from(
    [
        {"FilterPolicy": {"order": {"kind": ["gift"]}}, "FilterPolicyScope": "MessageBody"},
        {"FilterPolicy": {"media_type": TYPES[:1]}, "FilterPolicyScope": "MessageBody"},
        {"FilterPolicy": {"media_type": TYPES[:1]}, "FilterPolicyScope": "MessageAttributes"},
        {"FilterPolicy": None, "FilterPolicyScope": "MessageBody"},
    ]
)
"""Filters of subscriptions, as others may have set them."""
some = settings(max_examples=40)

OF_ACCOUNTS = ("encryption key", "lifecycle rule")
"""Kinds that stand before anything is applied, set or not."""


@st.composite
def applications(draw: st.DrawFn) -> list[Resource]:
    return list(wanted_resources(build_topology(draw(declared), naming()), PLACE, draw(options)))


@st.composite
def accounts(draw: st.DrawFn, wanted: list[Resource]) -> Found:
    """Some of what is wanted, and of what another version wanted, as it should be or otherwise."""
    found: dict[Key, StandingResource] = {}
    for resource in [*draw(applications()), *wanted]:
        if resource.key.kind not in OF_ACCOUNTS and draw(st.booleans()):
            continue
        missing = (
            draw(st.sets(st.sampled_from(sorted(resource.properties)))) if resource.properties else set()
        )
        properties = {name: None if name in missing else value for name, value in resource.properties.items()}
        if resource.key.kind == "subscription" and draw(st.booleans()):
            properties |= draw(filters)
        owner = draw(st.sampled_from([OWNER, OWNER, OWNER, "other", None])) if resource.tags else None
        tags = {OWNER_TAG: owner} if owner else {}
        identity = {**resource.identity, "SubscriptionArn": "arn"}
        in_use = draw(st.sampled_from([None, "holds 1 message"])) if resource.key.kind == "queue" else None
        found[resource.key] = StandingResource(resource.key, properties, identity, tags, in_use=in_use)
    return found


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[Resource], Found, PlanOptions]:
    wanted = draw(applications())
    found = draw(accounts(wanted))
    names = sorted({key.name for key in found})
    adopted = draw(st.sets(st.sampled_from(names))) if names else set()
    return wanted, found, PlanOptions(frozenset(adopted), draw(st.booleans()))


@given(situations())
@some
def test_the_steps_make_what_stands_what_is_wanted_and_then_there_are_none(
    situation: tuple[list[Resource], Found, PlanOptions],
) -> None:
    wanted, found, chosen = situation
    plan = make_plan(wanted, found, OWNER, chosen)

    after = found_after(found, plan.steps)

    left_alone = {left.key for left in plan.left_alone}
    for resource in wanted:
        if resource.key not in left_alone:
            assert differences_of(resource, after[resource.key]) == ()
            assert resource.tags.items() <= after[resource.key].tags.items()
    assert make_plan(wanted, after, OWNER, chosen).steps == ()


@given(situations())
@some
def test_nothing_is_destroyed_without_prune(situation: tuple[list[Resource], Found, PlanOptions]) -> None:
    wanted, found, chosen = situation
    plan = make_plan(wanted, found, OWNER, replace(chosen, prune=False))

    assert [step for step in plan.steps if step.action == "delete"] == []
    assert found.keys() <= found_after(found, plan.steps).keys()


@given(situations())
@some
def test_prune_deletes_neither_what_is_wanted_nor_others_nor_what_is_in_use(
    situation: tuple[list[Resource], Found, PlanOptions],
) -> None:
    wanted, found, chosen = situation
    plan = make_plan(wanted, found, OWNER, replace(chosen, prune=True))

    for step in plan.steps:
        if step.action == "delete":
            assert step.key not in {resource.key for resource in wanted}
            assert found[step.key].in_use is None
            assert step.key.kind == "subscription" or found[step.key].owner == OWNER


@given(situations(), st.data())
@some
def test_any_prefix_can_be_resumed(
    situation: tuple[list[Resource], Found, PlanOptions], data: st.DataObject
) -> None:
    wanted, found, chosen = situation
    plan = make_plan(wanted, found, OWNER, chosen)
    done = data.draw(st.integers(0, len(plan.steps)))

    between = found_after(found, plan.steps[:done])
    rest = make_plan(wanted, between, OWNER, chosen)

    assert found_after(between, rest.steps) == found_after(found, plan.steps)


@given(situations())
@some
def test_a_step_comes_after_those_that_it_needs(situation: tuple[list[Resource], Found, PlanOptions]) -> None:
    wanted, found, chosen = situation
    plan = make_plan(wanted, found, OWNER, chosen)

    staged = [[step for lane in stage for step in lane] for stage in stages(plan.steps)]

    assert sorted(map(id, plan.steps)) == sorted(id(step) for stage in staged for step in stage)
    seen: set[Key] = set()
    for stage in staged:
        created = {step.key for step in plan.steps if step.action == "create"}
        assert all(need in seen for step in stage for need in step.needs if need in created)
        seen |= {step.key for step in stage}


@given(declared, declared, st.data())
@settings(max_examples=12)
def test_the_calls_do_in_a_broker_what_the_steps_say(
    before: Declared, after: Declared, data: st.DataObject
) -> None:
    # Given an account in which a part of another version of the app was applied
    api = BrokerApi()
    earlier = Account(api, topology=build_topology(before, naming()))
    steps: tuple[Step, ...] = earlier.plan().steps
    done = data.draw(st.integers(0, len(steps)))
    assert apply_plan(ProvisioningPlan(steps[:done]), api, calls=1).refusal is None

    # When this version is applied, and what is surplus deleted
    account = Account(api, topology=build_topology(after, naming()))
    applied = account.apply(prune=True)

    # Then nothing is refused, and nothing is left to do
    assert applied.refusal is None
    plan = account.plan(prune=True)
    assert (plan.steps, plan.left_alone) == ((), ())
    wanted = {r.key for r in wanted_resources(account.topology, PLACE, account.settings)}
    assert account.found().keys() == wanted
    assert all(key.name.startswith(PREFIX) for key in wanted)
    assert json.dumps([step.call.params for step in steps])


@given(st.lists(st.sampled_from(TYPES), min_size=1, unique=True).map(tuple), filters, st.data())
@settings(max_examples=20)
def test_a_filter_of_bodies_becomes_one_of_attributes_by_calls_that_sns_accepts_and_drops_nothing(
    types: tuple[str, ...], others: dict[str, Any], data: st.DataObject
) -> None:
    # Given a queue's subscription to a shared topic, whose filter somebody has replaced
    api = BrokerApi()
    shop = Declared((QueueSpec("one", types),), tuple(TYPES))
    account = Account(api, topology=build_topology(shop, shared_naming()))
    account.apply()
    key = next(key for key in account.found() if key.kind == "subscription")
    replace_filter(api, account.found()[key], others)

    # When it is applied, and interrupted after any number of its calls, and applied again
    steps = account.plan().steps
    done = data.draw(st.integers(0, len(steps)))
    assert apply_plan(ProvisioningPlan(steps[:done]), api).refusal is None
    before = account.found()[key].properties
    assert account.apply().refusal is None

    # Then it stands as it is wanted, and no filter of attributes was applied to bodies in between
    assert account.plan().is_complete
    assert {key.kind for key in (step.key for step in steps)} <= {"subscription"}
    if 0 < done < len(steps):
        assert before.get("FilterPolicy") is None


def replace_filter(api: BrokerApi, subscription: StandingResource, filters: dict[str, Any]) -> None:
    """Set scope and policy as a person would, who removes the old policy first."""
    arn = subscription.identity["SubscriptionArn"]
    policy = json.dumps(filters["FilterPolicy"] or {})
    for name, value in (
        ("FilterPolicy", "{}"),
        ("FilterPolicyScope", filters["FilterPolicyScope"]),
        ("FilterPolicy", policy),
    ):
        params = {"SubscriptionArn": arn, "AttributeName": name, "AttributeValue": value}
        api("sns", "SetSubscriptionAttributes", params)
