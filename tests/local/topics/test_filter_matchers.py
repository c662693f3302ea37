"""One value of a filter policy: what it lets through, and what SNS would not accept as one."""

import pytest

from pubsub_tasks.local.rules.service_errors import ServiceError
from pubsub_tasks.local.topics.filter_matchers import rule


@pytest.mark.parametrize(
    ("given", "passes", "fails"),
    [
        ("rugby", ["rugby"], ["Rugby", "rug", "", None, True]),
        ("", [""], [" ", None]),
        (301.5, [301.5, 3.015e2, 301.500001], [301.5001, "301.5", True]),
        (1, [1, 1.0], [True, "1", 2]),
        (True, [True], [1, "true", False]),
        (False, [False], [0, None, ""]),
        (None, [None], ["null", False, 0]),
        ({"prefix": "bas"}, ["baseball", "bas"], ["Baseball", "ba", "rebase", 1, None]),
        ({"suffix": "ball"}, ["baseball", "ball"], ["ballet", "all", 1, None]),
        ({"equals-ignore-case": "Tennis"}, ["tennis", "TENNIS"], ["tennis ", "rugby", 1]),
        ({"wildcard": "*ball"}, ["baseball", "ball"], ["ballet"]),
        ({"wildcard": "a*b*c"}, ["abc", "a-b-c", "abbc", "abcbc"], ["acb", "ab", "ac", "bc"]),
        ({"wildcard": "ab*ab"}, ["abab", "ab-ab"], ["ab", "aba"]),
        ({"wildcard": "a\\*b"}, ["a*b"], ["axb", "a\\*b"]),
        ({"wildcard": "a\\\\*"}, ["a\\", "a\\b"], ["a*", "a"]),
        ({"wildcard": "plain"}, ["plain"], ["plainer", None]),
        ({"wildcard": "*"}, ["", "any\nthing"], [None, 1]),
        ({"cidr": "10.0.0.0/24"}, ["10.0.0.0", "10.0.0.255"], ["10.1.1.0", "10.0.0", "host", 10, None]),
        ({"cidr": "2001:db8::/32"}, ["2001:db8::1"], ["2001:db9::1", "10.0.0.1"]),
        ({"anything-but": ["rugby", "tennis"]}, ["baseball", "Rugby", 5], ["rugby", "tennis"]),
        ({"anything-but": "rugby"}, ["tennis"], ["rugby"]),
        ({"anything-but": [100, 500]}, [101, 50.001, "100"], [100, 500.0]),
        ({"anything-but": {"prefix": "order-"}}, ["x-order-", "orde"], ["order-", "order-1"]),
        ({"anything-but": {"suffix": [".png", ".jpg"]}}, ["a.gif"], ["a.png", "a.jpg"]),
        ({"anything-but": {"wildcard": "*-test-*"}}, ["a-test"], ["a-test-b"]),
        ({"anything-but": {"equals-ignore-case": ["A", "b"]}}, ["c"], ["a", "A", "B"]),
        ({"numeric": ["=", 301.5]}, [301.5, 301.5000001], [301.50001, "301.5"]),
        ({"numeric": ["<", 0]}, [-0.00001, -1_000_000_000], [0, 1, -1_000_000_001, True, None]),
        ({"numeric": [">", 0, "<=", 150]}, [0.00001, 1, 150], [0, 150.00001, -1, 1e300, float("nan")]),
        ({"numeric": [">=", 0, "<", 150]}, [0, 149.99999], [150, -0.00001]),
    ],
)
def test_a_matcher_accepts_and_rejects_values(
    given: object, passes: list[object], fails: list[object]
) -> None:
    allows = rule(given)

    assert [value for value in passes if not allows([value])] == []
    assert [value for value in fails if allows([value])] == []


def test_one_value_of_an_array_is_enough() -> None:
    assert rule("tennis")(["rugby", "tennis"])
    assert rule({"anything-but": ["rugby"]})(["rugby", "tennis"])
    assert not rule("tennis")(["rugby", "baseball"])


@pytest.mark.parametrize("given", ["x", None, {"anything-but": ["x"]}, {"wildcard": "*"}])
def test_nothing_but_exists_passes_where_the_key_is_absent(given: object) -> None:
    assert not rule(given)([])


def test_exists_asks_for_the_key_alone() -> None:
    assert rule({"exists": True})([None])
    assert not rule({"exists": True})([])
    assert rule({"exists": False})([])
    assert not rule({"exists": False})([""])


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (["nested"], "Match value must be String, number"),
        ({}, "Only one key"),
        ({"prefix": "a", "suffix": "b"}, "Only one key"),
        ({"regex": "a"}, "Unrecognized match type regex"),
        ({"exists": "true"}, "must be either true or false"),
        ({"prefix": 1}, "prefix match pattern"),
        ({"suffix": ""}, "suffix match pattern"),
        ({"equals-ignore-case": ["a"]}, "equals-ignore-case match pattern"),
        ({"wildcard": "a**b"}, "Consecutive wildcard"),
        ({"wildcard": "a\\b"}, "Invalid escape"),
        ({"cidr": "10.0.0.0/33"}, "Malformed CIDR"),
        ({"cidr": 10}, "cidr match pattern"),
        ({"anything-but": []}, "Inside anything-but"),
        ({"anything-but": ["a", 1]}, "Inside anything-but"),
        ({"anything-but": None}, "Inside anything-but"),
        ({"anything-but": [True]}, "Inside anything-but"),
        ({"anything-but": {"numeric": ["=", 1]}}, "Unsupported anything-but pattern"),
        ({"anything-but": {}}, "Only one key"),
        (1_000_000_000.1, "from -10^9 to 10^9"),
        ({"anything-but": [-1_000_000_001]}, "from -10^9 to 10^9"),
        ({"numeric": []}, "array of one or two operators"),
        ({"numeric": ["="]}, "array of one or two operators"),
        ({"numeric": ["=", "1"]}, "Value of = must be numeric"),
        ({"numeric": ["=", True]}, "Value of = must be numeric"),
        ({"numeric": ["!", 1]}, "Unrecognized numeric range operator"),
        ({"numeric": [1, 1]}, "Unrecognized numeric range operator"),
        ({"numeric": ["<", 1, ">", 0]}, "Bad numeric range operator"),
        ({"numeric": ["=", 1, "<", 2]}, "Bad numeric range operator"),
        ({"numeric": [">", 2, "<", 1]}, "Bottom must be less than top"),
        ({"numeric": [">", 1, "<", 1_000_000_001]}, "from -10^9 to 10^9"),
    ],
)
def test_illegal_matchers_are_refused(given: object, reason: str) -> None:
    with pytest.raises(ServiceError) as caught:
        rule(given)

    assert caught.value.code == "InvalidParameter"
    assert reason in caught.value.message
