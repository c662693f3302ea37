"""The policy's answers, attempt by attempt, and what it does when a strategy fails."""

import pytest
from tenacity import (
    RetryCallState,
    TryAgain,
    retry_always,
    retry_if_exception,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    stop_after_delay,
    stop_before_delay,
    stop_never,
    wait_chain,
    wait_exponential,
    wait_fixed,
    wait_random,
)

from pubsub_tasks.errors import ConfigurationError, InvalidContent, Unbound
from pubsub_tasks.tasks.retry_policy import RetryPolicy
from pubsub_tasks.tasks.retry_strategies import LONGEST_WAIT
from pubsub_tasks.verdicts import DeadLetter, Retry

FIRST = 1_700_000_000.0


def decide(policy, error, attempt=1, age=0.0):
    return policy.decide(error, attempt=attempt, first_received_at=FIRST, now=FIRST + age)


def test_each_attempt_waits_longer_until_the_policy_stops():
    policy = RetryPolicy(stop=stop_after_attempt(4), wait=wait_exponential(multiplier=2, max=900))
    error = OSError("refused")

    verdicts = [decide(policy, error, attempt) for attempt in (1, 2, 3, 4)]

    assert verdicts == [Retry(2, error), Retry(4, error), Retry(8, error), DeadLetter("exhausted", error)]


def test_the_age_since_the_first_receive_stops_it_too():
    policy = RetryPolicy(stop=stop_after_delay(3600), wait=wait_fixed(5))

    assert isinstance(decide(policy, OSError(), attempt=90, age=3599), Retry)
    assert decide(policy, OSError(), attempt=2, age=3600).reason == "exhausted"


def test_stop_is_asked_after_wait_so_that_it_knows_the_wait():
    policy = RetryPolicy(stop=stop_before_delay(30), wait=wait_fixed(20))

    assert isinstance(decide(policy, OSError(), age=5), Retry)
    assert decide(policy, OSError(), age=15).reason == "exhausted"


def test_a_clock_behind_the_first_receive_counts_as_no_age():
    seen = []
    policy = RetryPolicy(stop=lambda state: seen.append(state.seconds_since_start), wait=wait_fixed(1))

    decide(policy, OSError(), age=-7)

    assert seen == [0]


def test_an_error_that_the_policy_does_not_want_fails_at_once():
    policy = RetryPolicy(retry=retry_if_exception_type(OSError))
    error = ValueError()

    assert decide(policy, error) == DeadLetter("failed", error)


@pytest.mark.parametrize("error", [InvalidContent("a/b", {}), Unbound("no producer")])
def test_by_default_what_no_repetition_mends_fails_at_once(error):
    assert decide(RetryPolicy(), error) == DeadLetter("failed", error)


@pytest.mark.parametrize("error", [Exception(), SystemExit(1), GeneratorExit()])
def test_by_default_everything_else_is_tried_five_times(error):
    assert isinstance(decide(RetryPolicy(), error, attempt=4), Retry)
    assert decide(RetryPolicy(), error, attempt=5) == DeadLetter("exhausted", error)


def test_try_again_is_wanted_whatever_the_policy_retries():
    policy = RetryPolicy(retry=retry_if_exception_type(OSError), stop=stop_after_attempt(2))

    assert isinstance(decide(policy, TryAgain()), Retry)
    assert decide(policy, TryAgain(), attempt=2).reason == "exhausted"


def test_the_handler_may_say_how_long_but_not_for_ever():
    policy = RetryPolicy(
        stop=stop_after_attempt(2), retry=retry_if_exception_type(OSError), wait=wait_fixed(7)
    )
    error = ValueError()
    times = {"first_received_at": FIRST, "now": FIRST}

    assert policy.again(error, 90.0, attempt=1, **times) == Retry(90, error)
    assert policy.again(error, None, attempt=1, **times) == Retry(7, error)
    assert policy.again(error, 90.0, attempt=2, **times) == DeadLetter("exhausted", error)


def test_results_are_judged_where_the_policy_asks_for_it():
    policy = RetryPolicy(
        retry=retry_if_result(lambda result: result is None), stop=stop_after_attempt(2), wait=wait_fixed(3)
    )
    times = {"first_received_at": FIRST, "now": FIRST}

    assert policy.judges_results
    assert policy.decide_result(None, attempt=1, **times) == Retry(3)
    assert policy.decide_result(None, attempt=2, **times) == DeadLetter("exhausted")
    assert policy.decide_result("done", attempt=1, **times) is None


@pytest.mark.parametrize(
    ("retry", "judges"),
    [
        (retry_if_exception_type(OSError), False),
        (retry_if_exception_type(OSError) | retry_if_exception(lambda error: True), False),
        (retry_if_exception_type(OSError) | retry_if_result(bool), True),
        (retry_always, True),
        (lambda state: False, True),
    ],
)
def test_a_policy_about_errors_alone_is_not_asked_about_results(retry, judges):
    assert RetryPolicy(retry=retry).judges_results is judges
    assert not RetryPolicy().judges_results


@pytest.mark.parametrize("nonsense", [None, "soon", float("nan"), object()])
def test_a_wait_that_is_no_number_becomes_the_default_wait(nonsense):
    verdict = decide(RetryPolicy(wait=lambda state: nonsense), OSError())

    assert 1 <= verdict.after <= 2


@pytest.mark.parametrize(("given", "after"), [(-3, 0), (float("inf"), LONGEST_WAIT), (1e300, LONGEST_WAIT)])
def test_waits_stay_within_what_a_queue_can_keep(given, after):
    assert decide(RetryPolicy(wait=lambda state: given), OSError()).after == after


def explode(state: RetryCallState):
    raise RuntimeError("broken strategy")


def test_a_strategy_that_raises_is_answered_for_by_the_default_one(caplog):
    policy = RetryPolicy(stop=explode, wait=explode, retry=explode)
    error = OSError()

    # When the strategies are asked, then the default policy decides
    assert 8 <= decide(policy, error, attempt=4).after <= 9
    assert decide(policy, error, attempt=5) == DeadLetter("exhausted", error)
    assert decide(policy, Unbound()).reason == "failed"
    assert policy.decide_result("fine", attempt=1, first_received_at=FIRST, now=FIRST) is None

    # And the log says which one was at fault
    assert {record.args[0] for record in caplog.records} == {"stop", "wait", "retry"}


def test_an_attempt_after_the_last_one_was_never_reported():
    policy = RetryPolicy(stop=stop_after_attempt(3) | stop_after_delay(60))

    assert [policy.exhausted_before(attempt) for attempt in (0, 1, 2, 3, 4, 90)] == [False] * 4 + [True] * 2


@pytest.mark.parametrize("stop", [stop_never, stop_after_delay(1), explode])
def test_without_a_count_nobody_can_know_of_a_crash(stop):
    assert not RetryPolicy(stop=stop).exhausted_before(1000)


@pytest.mark.parametrize(
    ("stop", "attempts"),
    [
        (stop_after_attempt(7), 7),
        (stop_after_attempt(7) | stop_after_delay(60), 7),
        (stop_after_attempt(7) | stop_after_attempt(3), 3),
        (stop_after_attempt(7) & stop_after_attempt(3), 7),
        (stop_after_attempt(7) & stop_after_delay(60), None),
        (stop_after_delay(60), None),
        (stop_never, None),
    ],
)
def test_the_count_is_read_out_of_what_bounds_it(stop, attempts):
    assert RetryPolicy(stop=stop).attempts == attempts


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        (RetryPolicy(), "5 attempts, 1s..900s"),
        (RetryPolicy(stop=stop_after_attempt(1), wait=wait_fixed(10)), "1 attempt, 10s"),
        (RetryPolicy(stop=stop_never, wait=wait_random(3, 10)), "any number of attempts, 3s..10s"),
        (RetryPolicy(wait=wait_chain(wait_fixed(1), wait_fixed(60))), "5 attempts, 1s..60s"),
        (RetryPolicy(wait=wait_exponential(multiplier=2)), "5 attempts, 2s..1209600s"),
        (RetryPolicy(wait=explode), "5 attempts, 0s"),
    ],
)
def test_it_describes_itself_in_a_few_words(policy, text):
    assert policy.describe() == text


async def ask(state):
    return True


class AskLater:
    async def __call__(self, state):
        return True


@pytest.mark.parametrize(
    "strategy", [ask, AskLater(), retry_if_exception(ask), retry_always | retry_if_result(ask)]
)
def test_coroutines_are_refused_when_declared(strategy):
    with pytest.raises(ConfigurationError, match=r"retry=.*coroutine"):
        RetryPolicy(retry=strategy)


def test_what_is_no_strategy_is_refused_with_an_example():
    with pytest.raises(ConfigurationError, match=r"stop=5 is no strategy.*stop_after_attempt\(5\)"):
        RetryPolicy(stop=5)
