"""Verdicts on what a handler returned or raised.

Exceptions, signals and results are objects of user code, and any access to them may raise. A verdict made
here holds an error that can be printed, and reasons of the types that the worker counts and logs.
"""

from dataclasses import replace
from typing import Any

from ..messages.delivery import Delivery
from ..signals import Signal
from ..tasks.retry_policy import RetryPolicy
from ..tasks.task import Task
from ..untrusted.exceptions import cut_own_frames, printable_error, reraise_interrupt
from ..verdicts import Ack, DeadLetter, Drop, Retry, Verdict
from .retry_arguments import retry_arguments

_ACK, _SKIPPED = Ack(), Ack(skipped=True)


def verdict_on_error(policy: RetryPolicy, delivery: Delivery, error: BaseException, now: float) -> Verdict:
    """The verdict after a handler raised `error`: a signal's own, or else what the policy says."""
    cut_own_frames(error)
    error = _lone_signal(error)
    # Not isinstance(), which reads `__class__` of objects of any other class.
    if issubclass(type(error), Signal):
        verdict = _verdict_of_signal(policy, delivery, error, now)
    else:
        verdict = policy.decide(error, **retry_arguments(delivery, now))
    shown = printable_error(error)
    if shown is error or not isinstance(verdict, Retry | DeadLetter | Drop):
        return verdict
    return replace(verdict, error=shown)


def verdict_on_result(task: Task[..., Any], delivery: Delivery, result: object, now: float) -> Verdict:
    """The verdict after a handler returned `result`."""
    if task.policy.judges_results:
        verdict = task.policy.decide_result(result, **retry_arguments(delivery, now))
        if verdict is not None:
            return verdict
    return _SKIPPED if task.skips_falsy and not _is_truthy(result) else _ACK


def _lone_signal(error: BaseException) -> BaseException:
    """Return the signal that is alone in an exception group, as `asyncio.TaskGroup` raises it; otherwise the
    error."""
    inner = error
    while issubclass(type(inner), BaseExceptionGroup):
        exceptions = vars(BaseExceptionGroup)["exceptions"].__get__(inner)  # not that of a derived class
        if len(exceptions) > 1:
            return error
        inner = exceptions[0]
    return inner if issubclass(type(inner), Signal) else error


def _verdict_of_signal(policy: RetryPolicy, delivery: Delivery, signal: BaseException, now: float) -> Verdict:
    try:
        verdict = getattr(signal, "verdict", None)
        explicit = _checked(verdict, signal)
        after = verdict.after if isinstance(verdict, Retry) else None
    except BaseException as raised:  # a signal class of user code
        reraise_interrupt(raised)
        explicit = after = None
    return explicit or policy.again(signal, after, **retry_arguments(delivery, now))


def _checked(verdict: object, signal: BaseException) -> Ack | DeadLetter | Drop | None:
    """A verdict that leaves nothing to the policy, with members of the expected types; otherwise None."""
    match verdict:
        case Ack(skipped=skipped):
            return verdict if type(verdict) is Ack and type(skipped) is bool else Ack(bool(skipped))
        case DeadLetter() | Drop() if _is_well_typed(verdict):
            return verdict
        case DeadLetter():
            return DeadLetter("rejected", signal)
        case Drop():
            return Drop("discarded by the handler", signal)
    return None


def _is_well_typed(verdict: DeadLetter | Drop) -> bool:
    has_error = verdict.error is None or issubclass(type(verdict.error), BaseException)
    return type(verdict) in (DeadLetter, Drop) and type(verdict.reason) is str and has_error


def _is_truthy(result: object) -> bool:
    try:
        return bool(result)
    except BaseException as raised:  # such as that of an array with several elements
        reraise_interrupt(raised)
        return True
