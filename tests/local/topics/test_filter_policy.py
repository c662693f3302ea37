"""Filter policies in both scopes: which messages pass, and which policies SNS refuses."""

import json
from typing import Any

import pytest

from pubsub_tasks.local.rules.service_errors import ServiceError
from pubsub_tasks.local.topics.filter_policy import FilterPolicy


def by_attributes(policy: object, **attributes: tuple[str, Any]) -> bool:
    shaped = {
        name: {"DataType": kind, ("BinaryValue" if kind == "Binary" else "StringValue"): value}
        for name, (kind, value) in attributes.items()
    }
    return FilterPolicy.parse(json.dumps(policy), "MessageAttributes").matches(shaped, "{}")


def by_body(policy: object, body: object) -> bool:
    text = body if isinstance(body, str) else json.dumps(body)
    return FilterPolicy.parse(json.dumps(policy), "MessageBody").matches({}, text)


def refusal(policy: object, scope: str = "MessageAttributes") -> str:
    text = policy if isinstance(policy, str) else json.dumps(policy)
    with pytest.raises(ServiceError) as caught:
        FilterPolicy.parse(text, scope)
    assert caught.value.code == "InvalidParameter"
    return caught.value.message


def test_every_key_must_match_and_one_value_of_each() -> None:
    policy = {"store": ["shop", "market"], "event": ["placed"]}

    assert by_attributes(
        policy, store=("String", "market"), event=("String", "placed"), other=("String", "x")
    )
    assert not by_attributes(policy, store=("String", "market"), event=("String", "cancelled"))
    assert not by_attributes(policy, store=("String", "market"))


def test_an_attribute_is_compared_by_its_type() -> None:
    assert by_attributes({"price": [100]}, price=("Number", "100.0"))
    assert not by_attributes({"price": [100]}, price=("String", "100"))
    assert not by_attributes({"price": ["100"]}, price=("Number", "100"))
    assert by_attributes({"price": [{"numeric": [">", 99]}]}, price=("Number.int", "1e2"))
    assert by_attributes({"kind": ["a"]}, kind=("String.custom", "a"))


def test_a_string_array_matches_by_any_of_its_elements() -> None:
    sports = ("String.Array", '["rugby", 7, true, null]')

    for wanted in ("rugby", 7, True, None):
        assert by_attributes({"sports": [wanted]}, sports=sports)
    assert not by_attributes({"sports": ["7"]}, sports=sports)
    assert not by_attributes({"sports": [{"exists": True}]}, sports=("String.Array", "not json"))


def test_binary_attributes_are_ignored() -> None:
    assert not by_attributes({"seal": [{"exists": True}]}, seal=("Binary", b"x"))
    assert by_attributes({"seal": [{"exists": False}]}, seal=("Binary", b"x"))


def test_or_is_a_choice_between_groups_of_keys() -> None:
    policy = {"source": ["shop"], "$or": [{"price": [{"numeric": [">", 9]}]}, {"event": ["vip"]}]}

    assert by_attributes(policy, source=("String", "shop"), price=("Number", "10"))
    assert by_attributes(policy, source=("String", "shop"), event=("String", "vip"))
    assert not by_attributes(policy, source=("String", "shop"), price=("Number", "9"))
    assert not by_attributes(policy, event=("String", "vip"))


def test_or_is_an_ordinary_key_where_it_cannot_be_a_choice() -> None:
    # One value alone is no choice, nor are objects whose keys are operators.
    assert by_attributes({"$or": ["a"]}, **{"$or": ("String", "a")})
    assert by_attributes({"$or": [{"prefix": "a"}, {"prefix": "b"}]}, **{"$or": ("String", "bc")})


def test_an_empty_policy_lets_everything_through() -> None:
    assert by_attributes({})
    assert by_body({}, {})


def test_a_body_is_looked_into_as_deep_as_the_policy() -> None:
    policy = {"order": {"customer": {"country": ["FR", "DE"]}, "total": [{"numeric": [">", 100]}]}}

    assert by_body(policy, {"order": {"customer": {"country": "DE"}, "total": 100.5}})
    assert not by_body(policy, {"order": {"customer": {"country": "UK"}, "total": 100.5}})
    assert not by_body(policy, {"order": {"customer": "DE", "total": 100.5}})


def test_a_body_has_every_type_of_value() -> None:
    for value in ("a", 1, 1.5, True, False, None):
        assert by_body({"key": [value]}, {"key": value})
    assert not by_body({"key": [1]}, {"key": True})
    assert not by_body({"key": [None]}, {})


def test_each_element_of_an_array_is_looked_at() -> None:
    assert by_body({"tags": ["b"]}, {"tags": ["a", ["b"]]})
    assert by_body({"lines": {"sku": ["x"]}}, {"lines": [{"sku": "y"}, {"sku": "x"}]})
    assert not by_body({"lines": {"sku": ["z"]}}, {"lines": [{"sku": "y"}, 3, {"other": "z"}]})


def test_exists_in_a_body_is_for_values_and_not_for_objects() -> None:
    assert by_body({"a": [{"exists": True}]}, {"a": None})
    assert not by_body({"a": [{"exists": True}]}, {"a": {"b": 1}})
    assert by_body({"a": {"b": [{"exists": False}]}}, {"a": {"c": 1}})


def test_or_works_within_a_body_too() -> None:
    policy = {"a": {"$or": [{"b": [1]}, {"c": {"d": [2]}}]}}

    assert by_body(policy, {"a": {"b": 1}})
    assert by_body(policy, {"a": {"c": {"d": 2}}})
    assert not by_body(policy, {"a": {"b": 2, "c": {"d": 1}}})


@pytest.mark.parametrize("body", ["not json", "[1]", '"text"', "", "[" * 100_000])
def test_a_body_that_is_not_an_object_matches_no_policy(body: str) -> None:
    assert not by_body({"a": [{"exists": False}]}, body)


@pytest.mark.parametrize("depth", [200, 400, 900, 5_000])
def test_too_deep_nesting_raises_no_internal_error(depth: int) -> None:
    # How deep is too deep depends on the interpreter; a body then passes no policy, and a policy is refused.
    by_body({"a": [1]}, '{"a": ' + "[" * depth + "1" + "]" * depth + "}")

    assert refusal('{"a": ' * depth + "[1]" + "}" * depth, "MessageBody")
    assert refusal('{"$or": [{"a": [1]}, ' * depth + '{"b": [1]}' + "]}" * depth, "MessageBody")


def test_a_policy_has_at_most_five_keys() -> None:
    assert "more than 5 keys" in refusal({str(number): ["x"] for number in range(6)})
    five = {str(number): {"a": ["x"], "b": ["x"]} for number in range(2)}
    assert by_body({**five, "c": ["x"], "d": ["x"]}, {}) is False


def test_a_policy_has_at_most_150_combinations_nested_keys_by_their_level() -> None:
    values = [f"{number}" for number in range(15)]
    FilterPolicy.parse(json.dumps({"a": values, "b": values[:10]}), "MessageAttributes")
    assert "too complex" in refusal({"a": values, "b": values[:10], "c": ["x", "y"]})

    # 3 levels x 4 values x 2 levels x 3 values is 72
    nested = {"a": {"b": {"c": values[:4]}}, "d": {"e": values[:3]}}
    FilterPolicy.parse(json.dumps({**nested, "f": values[:2]}), "MessageBody")
    assert "too complex" in refusal({**nested, "f": values[:3]}, "MessageBody")


def test_alternatives_of_a_choice_are_added_not_multiplied() -> None:
    values = [f"{number}" for number in range(75)]
    FilterPolicy.parse(json.dumps({"$or": [{"a": values}, {"b": values}]}), "MessageAttributes")
    assert "too complex" in refusal({"$or": [{"a": values}, {"b": [*values, "x"]}]})


def test_a_policy_has_at_most_256_kib() -> None:
    fitting = {"a": ["é" * ((262_144 - len('{"a": [""]}')) // 2)]}
    FilterPolicy.parse(json.dumps(fitting, ensure_ascii=False), "MessageAttributes")

    assert "262144 bytes" in refusal(json.dumps(fitting, ensure_ascii=False) + "  ")


@pytest.mark.parametrize(
    ("policy", "scope", "reason"),
    [
        ("{", "MessageAttributes", "failed to parse JSON"),
        ('{"a": [NaN]}', "MessageAttributes", "NaN is not JSON"),
        ("[" * 100_000, "MessageBody", "failed to parse JSON"),
        ([], "MessageAttributes", "must be a JSON object"),
        ({"a": "x"}, "MessageAttributes", '"a" must be an object or an array'),
        ({"a": []}, "MessageAttributes", "Empty arrays"),
        ({"a": {"b": ["x"]}}, "MessageAttributes", "does not support nested"),
        ({"a": {}}, "MessageBody", "Empty objects"),
        ({"a": [{"b": ["x"]}]}, "MessageBody", "Unrecognized match type b"),
    ],
)
def test_illegal_policies_are_refused(policy: object, scope: str, reason: str) -> None:
    assert reason in refusal(policy, scope)
