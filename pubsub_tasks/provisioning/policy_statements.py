"""What statements of queue and key policies allow or deny SNS, as far as their conditions are known. No I/O.

Source: IAM user guide, "IAM JSON policy elements: Condition operators" and "Policy evaluation logic".
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

_WITH_WILDCARDS = frozenset({"arnequals", "arnlike", "stringlike"})
_WITHOUT_CASE = frozenset({"bool", "stringequalsignorecase"})


class SendingTopic(NamedTuple):
    """A topic that sends to a queue, by their ARNs."""

    topic: str
    queue: str

    @property
    def stranger(self) -> "SendingTopic":
        """A topic of the same name in an account that no policy names."""
        parts = self.topic.split(":")
        return self._replace(topic=":".join([*parts[:4], "stranger", *parts[5:]]))


def applies(statement: Mapping[str, Any], sender: SendingTopic, unknown: bool) -> bool:
    """Whether a statement is about this topic's messages. Conditions not known here are `unknown`."""
    return (
        _is_for_sns(statement)
        and _is_about("Action", statement, "sqs:sendmessage")
        and _is_about("Resource", statement, sender.queue)
        and all(_conditions(statement, sender, unknown))
    )


def lets_sns_use_key(statements: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a key's policy lets SNS encrypt what it delivers. Conditions count as met."""
    allowing = [each for each in statements if each.get("Effect") == "Allow" and _is_for_sns(each)]
    return all(
        any(_is_about("Action", each, action) for each in allowing)
        for action in ("kms:generatedatakey", "kms:decrypt")
    )


def is_for_everybody(statement: Mapping[str, Any]) -> bool:
    """Whether everybody is its principal, or everybody but some."""
    return "NotPrincipal" in statement or _has(statement.get("Principal"), "*")


def _is_for_sns(statement: Mapping[str, Any]) -> bool:
    if "NotPrincipal" in statement:
        return not _has(statement["NotPrincipal"], "sns.amazonaws.com")
    return is_for_everybody(statement) or _has(statement.get("Principal"), "sns.amazonaws.com")


def _has(principal: Any, name: str) -> bool:
    if isinstance(principal, Mapping):
        return any(_has(each, name) for each in principal.values())
    return name in principal if isinstance(principal, list) else principal == name


def _is_about(element: str, statement: Mapping[str, Any], value: str) -> bool:
    """Whether `Action` or `Resource` means the value, or `NotAction` or `NotResource` does not."""
    negated = f"Not{element}" in statement
    given = statement[f"Not{element}"] if negated else statement.get(element, "*")
    return any(_matches(each, value, element == "Action") for each in _texts(given)) is not negated


def _conditions(statement: Mapping[str, Any], sender: SendingTopic, unknown: bool) -> Iterator[bool]:
    known = {
        "aws:sourcearn": sender.topic,
        "aws:sourceaccount": sender.topic.split(":")[4],
        "aws:securetransport": "true",  # SNS delivers to SQS by HTTPS
    }
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, given in keys.items():
            value = known.get(key.lower())
            yield unknown if value is None else _holds(operator, _texts(given), value)


def _holds(operator: str, given: list[str], value: str) -> bool:
    name = operator.rpartition(":")[2].removesuffix("IfExists").lower()
    if name == "null":  # "true" asks whether the key is missing
        return given == ["false"]
    positive = name.replace("not", "", 1)
    if positive in _WITH_WILDCARDS:
        found = any(_matches(each, value) for each in given)
    elif positive in _WITHOUT_CASE:
        found = value.lower() in map(str.lower, given)
    else:
        found = value in given
    return found is (positive == name)


def _matches(pattern: str, value: str, without_case: bool = False) -> bool:
    """Whether a value matches a pattern, in which `*` and `?` are wildcards."""
    expression = "".join({"*": ".*", "?": "."}.get(each) or re.escape(each) for each in pattern)
    return re.fullmatch(expression, value, re.IGNORECASE if without_case else 0) is not None


def _texts(given: Any) -> list[str]:
    values = given if isinstance(given, list) else [given]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in values]
