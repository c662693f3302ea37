"""The STS action GetCallerIdentity. All credentials belong to the account's only user."""

from collections.abc import Callable, Mapping
from typing import Any

from ..rules.account import Account

USER_ID = "AIDAEMBEDDEDBROKERUSR"


def get_caller_identity(account: Account, params: Mapping[str, Any], now: float) -> dict[str, Any]:
    """The account, user id and ARN of the caller."""
    return {
        "Arn": f"arn:aws:iam::{account.number}:user/embedded",
        "UserId": USER_ID,
        "Account": account.number,
    }


ACTIONS: dict[str, Callable[[Account, Mapping[str, Any], float], dict[str, Any]]] = {
    "GetCallerIdentity": get_caller_identity
}
