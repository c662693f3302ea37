"""Carries out a plan, stage by stage, with a bounded number of calls at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Lock

from ..errors import ConfigurationError, PubSubTasksError, TransportError
from ..lifecycle.interruption import CallInterrupted, Interruption
from ..untrusted.readable_counts import counted
from .planning.stages import Lane, stages
from .planning.steps import ProvisioningPlan, Step
from .reading.aws_api import Api, make_call
from .reading.read_messaging import GONE, messages_of

CALLS_AT_ONCE = 8
"""SNS creates some 30 topics per second, and boto3 backs off when it is throttled."""

_ALREADY = frozenset({"ConflictException", "EntityAlreadyExists", "EntityAlreadyExistsException"})
"""Codes of what another apply has created meanwhile. SNS and SQS return what stands."""


@dataclass(slots=True)
class Applied:
    """What became of a plan.

    Attributes:
        done: the steps carried out.
        left: the steps that were not, in their order; the refused one is among them.
        refusal: the first error, or None; steps are left without one if the run was stopped.
    """

    done: list[Step] = field(default_factory=list)
    left: list[Step] = field(default_factory=list)
    refusal: PubSubTasksError | None = None


def apply_plan(
    plan: ProvisioningPlan,
    api: Api,
    on_done: Callable[[Step], None] = lambda step: None,
    calls: int = CALLS_AT_ONCE,
    stop: Event | None = None,
) -> Applied:
    """Carry out the steps. After the first refusal, or once `stop` is set, none is begun.

    A later plan goes on from there. `on_done` is called by one thread at a time. An exception such as
    KeyboardInterrupt ends the calls under way.
    """
    carrier = _Carrier(api, on_done, stop or Event())
    with ThreadPoolExecutor(calls, "pubsub-provisioning") as executor:
        try:
            for stage in stages(plan.steps):
                list(executor.map(carrier.carry_out, stage))
        except BaseException:
            carrier.interruption.interrupt()
            raise
    done = {id(step) for step in carrier.applied.done}
    carrier.applied.left = [step for step in plan.steps if id(step) not in done]
    return carrier.applied


class _Carrier:
    def __init__(self, api: Api, on_done: Callable[[Step], None], stop: Event) -> None:
        self.applied, self.interruption = Applied(), Interruption()
        self._api, self._on_done, self._stop, self._lock = api, on_done, stop, Lock()

    def carry_out(self, lane: Lane) -> None:
        for step in lane:
            if self.applied.refusal is not None or self._stop.is_set():
                return
            try:
                with self.interruption:
                    _carry_out(self._api, step)
            except CallInterrupted:
                return
            except PubSubTasksError as error:
                with self._lock:
                    self.applied.refusal = self.applied.refusal or error
                return
            with self._lock:
                self.applied.done.append(step)
                self._on_done(step)


def _carry_out(api: Api, step: Step) -> None:
    if step.action == "delete" and step.key.kind == "queue":
        _refuse_to_lose_messages(api, step)
    try:
        make_call(api, step.call)
    except TransportError as error:
        already = step.action == "create" and error.code in _ALREADY
        gone = step.action == "delete" and error.code in GONE
        if not (already or gone):
            raise


def _refuse_to_lose_messages(api: Api, step: Step) -> None:
    """Count once more: messages may have come since the plan was made."""
    try:
        messages = messages_of(api, step.call.params["QueueUrl"])
    except TransportError as error:
        if error.code in GONE:
            return
        raise
    if messages:
        raise ConfigurationError(
            f"queue {step.key.name} holds {counted(messages, 'message')}, and is not deleted"
        )
