"""Judging: the verdict on a delivery that cannot be read, and on what a handler raised or returned. Pure.

Exceptions, signals and results are other people's objects: asking them anything may raise. The error in a
verdict made here can be described, and what a signal carries is of the types that the worker counts and logs.
"""

from dataclasses import replace
from typing import Any

from ..errors import InvalidContent, UnknownMediaType
from ..messages.delivery import Delivery
from ..signals import Signal
from ..tasks.retry_policy import RetryPolicy
from ..tasks.task import Task
from ..untrusted.exceptions import cut_own_frames, printable_error, reraise_interrupt
from ..verdicts import Ack, DeadLetter, Drop, Reason, Retry, Verdict
from ..wire.sns_notification import SubscriptionConfirmation
from .screening import tried

_UNREADABLE: tuple[tuple[type[Exception], Reason], ...] = (
    (SubscriptionConfirmation, "confirmation"),
    (InvalidContent, "invalid"),
    (UnknownMediaType, "unknown"),
)


def unreadable(error: BaseException) -> DeadLetter:
    """What becomes of a delivery whose envelope, body or content cannot be read."""
    reasons = (reason for kind, reason in _UNREADABLE if issubclass(type(error), kind))
    return DeadLetter(next(reasons, "undecodable"), printable_error(error))


def judge_error(policy: RetryPolicy, delivery: Delivery, error: BaseException, now: float) -> Verdict:
    """What becomes of a delivery that was handled with this error: a signal decides, else the policy does."""
    cut_own_frames(error)
    # Not isinstance(), which asks an object of any other class for its `__class__`.
    if issubclass(type(error), Signal):
        verdict = _signalled(policy, delivery, error, now)
    else:
        verdict = policy.decide(error, **tried(delivery, now))
    shown = printable_error(error)
    if shown is error or not isinstance(verdict, Retry | DeadLetter | Drop):
        return verdict
    return replace(verdict, error=shown)


def judge_result(task: Task[..., Any], delivery: Delivery, result: object, now: float) -> Verdict:
    """What becomes of a delivery whose handler returned this."""
    if task.policy.judges_results:
        verdict = task.policy.decide_result(result, **tried(delivery, now))
        if verdict is not None:
            return verdict
    return Ack(skipped=task.skips_falsy and not _truth(result))


def _signalled(policy: RetryPolicy, delivery: Delivery, signal: BaseException, now: float) -> Verdict:
    try:
        verdict = getattr(signal, "verdict", None)
        explicit = _explicit(verdict, signal)
        after = verdict.after if isinstance(verdict, Retry) else None
    except BaseException as raised:  # a signal of somebody's own
        reraise_interrupt(raised)
        explicit = after = None
    return explicit or policy.again(signal, after, **tried(delivery, now))


def _explicit(verdict: object, signal: BaseException) -> Ack | DeadLetter | Drop | None:
    """A verdict that leaves nothing to the policy; its members are made what the worker counts and logs."""
    match verdict:
        case Ack(skipped=skipped):
            return verdict if type(verdict) is Ack and type(skipped) is bool else Ack(bool(skipped))
        case DeadLetter() | Drop() if _is_sound(verdict):
            return verdict
        case DeadLetter():
            return DeadLetter("rejected", signal)
        case Drop():
            return Drop("discarded by the handler", signal)
    return None


def _is_sound(verdict: DeadLetter | Drop) -> bool:
    has_error = verdict.error is None or issubclass(type(verdict.error), BaseException)
    return type(verdict) in (DeadLetter, Drop) and type(verdict.reason) is str and has_error


def _truth(result: object) -> bool:
    try:
        return bool(result)
    except BaseException as raised:  # as an array's: it is something, at any rate
        reraise_interrupt(raised)
        return True
