"""Filter policies: what each operator lets through, over both scopes."""

from json import dumps
from typing import Any

import pytest

from pubsub_tasks.wire.records import Attribute, Outgoing, text
from tests.contract.environments import Environment, bodies, receive


def attribute(value: object) -> Attribute:
    if isinstance(value, list):
        return Attribute("String.Array", dumps(value))
    return Attribute("Number", str(value)) if isinstance(value, int | float) else text(str(value))


@pytest.mark.parametrize(
    ("rule", "passes", "fails", "deviation"),
    [
        (["a", "b"], ["a", "b"], ["A", "c"], ""),
        ([1], [1, 1.0], [2, "1"], ""),
        ([{"prefix": "ab"}], ["ab", "abc"], ["a", "xab"], ""),
        ([{"suffix": "bc"}], ["bc", "abc"], ["bcd"], ""),
        ([{"equals-ignore-case": "ab"}], ["AB", "ab"], ["abc"], ""),
        ([{"equals-ignore-case": "AB"}], ["AB", "ab"], ["abc"], "an upper-case policy never matches"),
        ([{"anything-but": ["a", "b"]}], ["c"], ["a", "b"], ""),
        ([{"anything-but": [1]}], [2], [1], ""),
        ([{"anything-but": {"prefix": "ab"}}], ["b"], ["abc"], ""),
        ([{"anything-but": {"wildcard": "a*"}}], ["b"], ["abc"], "never matches"),
        ([{"wildcard": "a*c"}], ["ac", "abc"], ["abcd"], "the operator is refused"),
        ([{"cidr": "10.0.0.0/24"}], ["10.0.0.7"], ["10.0.1.7", "host"], "the operator is refused"),
        ([{"numeric": [">", 1, "<=", 2.5]}], [1.5, 2.5], [1, 2.50001], ""),
        ([{"exists": True}], ["a"], [], ""),
        (["a", {"prefix": "b"}], ["a", "bc"], ["ab"], ""),
        (["a"], [["b", "a"]], [["b"], []], ""),
        ([{"anything-but": ["a"]}], [["b", "a"]], [["a"]], "one element keeps out the whole array"),
    ],
)
def test_an_operator_on_attributes(
    environment: Environment, rule: list[Any], passes: list[Any], fails: list[Any], deviation: str
) -> None:
    if deviation:
        environment.lacks("filters", deviation)
    topic, queue = environment.topic(), environment.queue()
    environment.subscribe(topic, queue, FilterPolicy=dumps({"key": rule}))

    environment.publisher().publish(
        topic, [Outgoing(dumps(value), {"key": attribute(value)}) for value in passes + fails]
    )
    environment.publisher().publish(topic, [Outgoing("without the key")])

    assert sorted(bodies(receive(queue))) == sorted(dumps(value) for value in passes)


def test_every_key_counts_and_one_of_the_choices(environment: Environment) -> None:
    topic, queue = environment.topic(), environment.queue()
    policy = {"a": ["1"], "$or": [{"b": ["2"]}, {"c": ["3"]}]}
    environment.subscribe(topic, queue, FilterPolicy=dumps(policy))

    for keys in ({"a": "1", "b": "2"}, {"a": "1", "c": "3"}, {"a": "1"}, {"b": "2", "c": "3"}):
        attributes = {name: text(value) for name, value in keys.items()}
        environment.publisher().publish(topic, [Outgoing(dumps(keys), attributes)])

    assert sorted(bodies(receive(queue))) == ['{"a": "1", "b": "2"}', '{"a": "1", "c": "3"}']


def test_a_body_is_looked_into(environment: Environment) -> None:
    topic, queue = environment.topic(), environment.queue()
    policy = {"order": {"total": [{"numeric": [">", 100]}], "lines": {"sku": ["x"]}}}
    environment.subscribe(topic, queue, FilterPolicy=dumps(policy), FilterPolicyScope="MessageBody")

    wanted = dumps({"order": {"total": 101, "lines": [{"sku": "y"}, {"sku": "x"}]}})
    cheap = dumps({"order": {"total": 100, "lines": [{"sku": "x"}]}})
    environment.publisher().publish(topic, [Outgoing(body) for body in (wanted, cheap, "no JSON")])

    assert bodies(receive(queue)) == [wanted]


def test_a_null_in_a_body(environment: Environment) -> None:
    environment.lacks("filters", "null matches nothing")
    topic, queue = environment.topic(), environment.queue()
    environment.subscribe(topic, queue, FilterPolicy='{"a": [null]}', FilterPolicyScope="MessageBody")

    environment.publisher().publish(topic, [Outgoing('{"a": null}'), Outgoing('{"a": ""}'), Outgoing("{}")])

    assert bodies(receive(queue)) == ['{"a": null}']


@pytest.mark.parametrize(
    "policy",
    [
        "{",
        '{"a": "no array"}',
        '{"a": []}',
        '{"a": [{"regex": "x"}]}',
        '{"a": [{"numeric": ["<", "1"]}]}',
        '{"a": [{"exists": "yes"}]}',
        '{"a": {"nested": ["x"]}}',
        dumps({f"key{number}": ["x"] for number in range(6)}),
        dumps({f"key{number}": ["a", "b", "c", "d"] for number in range(4)}),
    ],
)
def test_illegal_policies_are_refused(environment: Environment, policy: str) -> None:
    if policy in {"{", '{"a": []}'}:
        environment.lacks("filters", "JSON that does not parse, and empty arrays")
    topic, queue = environment.topic(), environment.queue()

    refusal = environment.refusal(
        environment.sns.subscribe,
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=queue.attributes().arn,
        Attributes={"FilterPolicy": policy},
    )

    assert refusal == "InvalidParameter"
