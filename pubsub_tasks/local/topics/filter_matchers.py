"""Matchers for single values in an SNS filter policy, such as prefix, numeric and anything-but.

A rule is called with all values that a message has for a key; with none if the key is absent. Sources: the
pages on string value matching, numeric value matching and key matching of the SNS developer guide.
"""

import re
from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import ip_address, ip_network
from operator import eq, ge, gt, le, lt
from typing import Any

from ..rules.service_errors import ServiceError

Leaf = str | int | float | bool | None
Rule = Callable[[Sequence[Leaf]], bool]
Matcher = Callable[[Leaf], bool]

_LARGEST = 1_000_000_000
_STEPS = 100_000  # five digits after the decimal point
_COMPARISONS: dict[str, Callable[[int, int], bool]] = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}
_WILDCARD = re.compile(r"\\[\\*]|\*+|[^\\*]+|\\", re.DOTALL)


def rule(given: object) -> Rule:
    """The rule for one element of a key's array. Raises ServiceError `InvalidParameter`."""
    if not isinstance(given, dict):
        return partial(_some, _equal(given))
    keyword, operand = _only(given)
    if keyword == "exists":
        if not isinstance(operand, bool):
            raise refused("exists match pattern must be either true or false.")
        return lambda leaves: bool(leaves) is operand
    if keyword not in _OPERATORS:
        raise refused(f"Unrecognized match type {keyword}")
    return partial(_some, _OPERATORS[keyword](operand))


def refused(reason: str) -> ServiceError:
    """SNS's error for an invalid filter policy."""
    return ServiceError("InvalidParameter", f"Invalid parameter: FilterPolicy: {reason}")


def _some(matcher: Matcher, leaves: Sequence[Leaf]) -> bool:
    return any(matcher(leaf) for leaf in leaves)


def _only(expression: dict[str, Any]) -> tuple[str, Any]:
    if len(expression) != 1:
        raise refused(f"Only one key is allowed in a match expression, not {sorted(expression)}.")
    return next(iter(expression.items()))


def _equal(given: object) -> Matcher:
    if not (given is None or isinstance(given, str | int | float)):
        raise refused("Match value must be String, number, true, false, or null")
    wanted = _comparable(given)
    if _is_number(given):
        _operand("=", given)
    return lambda leaf: _comparable(leaf) == wanted


def _comparable(leaf: Leaf) -> tuple[str, object]:
    """Type and value for comparison as in JSON: 1 and true differ, 1 and 1.0 are equal."""
    if _is_number(leaf):
        return "number", _fixed(leaf)
    return type(leaf).__name__, leaf


def _is_number(leaf: object) -> bool:
    return isinstance(leaf, int | float) and not isinstance(leaf, bool)


def _fixed(number: Any) -> int | None:
    """The number in units of 0.00001, or None if it is out of the range that SNS compares."""
    return round(number * _STEPS) if abs(number) <= _LARGEST else None


def _operand(sign: str, given: object) -> int:
    if not _is_number(given):
        raise refused(f"Value of {sign} must be numeric")
    fixed = _fixed(given)
    if fixed is None:
        raise refused(f"Value of {sign} must be from -10^9 to 10^9, not {given}.")
    return fixed


def _text(keyword: str, given: object) -> str:
    if not isinstance(given, str) or not given:
        raise refused(f"{keyword} match pattern must be a non-empty string.")
    return given


def _prefix(given: object) -> Matcher:
    wanted = _text("prefix", given)
    return lambda leaf: isinstance(leaf, str) and leaf.startswith(wanted)


def _suffix(given: object) -> Matcher:
    wanted = _text("suffix", given)
    return lambda leaf: isinstance(leaf, str) and leaf.endswith(wanted)


def _ignoring_case(given: object) -> Matcher:
    wanted = _text("equals-ignore-case", given).lower()
    return lambda leaf: isinstance(leaf, str) and leaf.lower() == wanted


def _wildcard(given: object) -> Matcher:
    """`*` matches any text; `\\*` and `\\\\` match the characters `*` and `\\`."""
    parts = _WILDCARD.findall(_text("wildcard", given))
    if "\\" in parts:
        raise refused(
            "Invalid escape character in a wildcard: a backslash must be followed by * or a backslash."
        )
    if any(part.startswith("**") for part in parts):
        raise refused("Consecutive wildcard characters are not allowed.")
    return partial(_fits, _between_stars(parts))


def _between_stars(parts: Sequence[str]) -> Sequence[str]:
    texts = [""]
    for part in parts:
        if part == "*":
            texts.append("")
        else:
            texts[-1] += part[1:] if part.startswith("\\") else part
    return texts


def _fits(texts: Sequence[str], leaf: Leaf) -> bool:
    """Match in one pass, since a regular expression may take exponential time."""
    first, last = texts[0], texts[-1]
    if len(texts) == 1 or not isinstance(leaf, str):
        return leaf == first
    at, end = len(first), len(leaf) - len(last)
    if at > end or not leaf.startswith(first) or not leaf.endswith(last):
        return False
    for text in texts[1:-1]:
        found = leaf.find(text, at, end)
        if found < 0:
            return False
        at = found + len(text)
    return True


def _cidr(given: object) -> Matcher:
    try:
        network = ip_network(_text("cidr", given), strict=False)
    except ValueError as error:
        raise refused(f"Malformed CIDR: {error}.") from error

    def within(leaf: Leaf) -> bool:
        try:
            return isinstance(leaf, str) and ip_address(leaf) in network
        except ValueError:
            return False

    return within


def _numeric(given: object) -> Matcher:
    """One comparison, or a lower and an upper bound."""
    if not isinstance(given, list) or len(given) not in (2, 4):
        raise refused("A numeric match is an array of one or two operators, each with its value.")
    bounds = [_bound(sign, operand) for sign, operand in zip(given[::2], given[1::2], strict=True)]
    if len(bounds) == 2:
        _check_range(given[0], given[2], bounds[0][1], bounds[1][1])

    def within(leaf: Leaf) -> bool:
        fixed = _fixed(leaf) if _is_number(leaf) else None
        return fixed is not None and all(compare(fixed, operand) for compare, operand in bounds)

    return within


def _bound(sign: object, operand: object) -> tuple[Callable[[int, int], bool], int]:
    if not isinstance(sign, str) or sign not in _COMPARISONS:
        raise refused(f"Unrecognized numeric range operator: {sign}")
    return _COMPARISONS[sign], _operand(sign, operand)


def _check_range(lower: str, upper: str, bottom: int, top: int) -> None:
    if lower not in (">", ">=") or upper not in ("<", "<="):
        raise refused(f"Bad numeric range operator: a range is > or >=, then < or <=, not {lower}, {upper}.")
    if bottom >= top:
        raise refused("Bottom must be less than top")


def _anything_but(given: object) -> Matcher:
    """Matches values that are not listed, or that do not match a pattern."""
    make: Callable[[object], Matcher] = _equal
    unwanted = given
    if isinstance(given, dict):
        keyword, unwanted = _only(given)
        if keyword not in _PATTERNS:
            raise refused(f"Unsupported anything-but pattern: {keyword}")
        make = _PATTERNS[keyword]
    values = unwanted if isinstance(unwanted, list) else [unwanted]
    _check_alike(values)
    matchers = [make(value) for value in values]
    return lambda leaf: not any(matcher(leaf) for matcher in matchers)


def _check_alike(values: Sequence[object]) -> None:
    if not values or not (all(isinstance(v, str) for v in values) or all(_is_number(v) for v in values)):
        raise refused("Inside anything-but, values must be all strings or all numbers, and at least one.")


_PATTERNS: dict[str, Callable[[object], Matcher]] = {
    "equals-ignore-case": _ignoring_case,
    "prefix": _prefix,
    "suffix": _suffix,
    "wildcard": _wildcard,
}
_OPERATORS: dict[str, Callable[[object], Matcher]] = {
    **_PATTERNS,
    "anything-but": _anything_but,
    "cidr": _cidr,
    "numeric": _numeric,
}
KEYWORDS = frozenset({"exists", *_OPERATORS})
