"""Whatever the strategies do, the policy decides, and decides within its bounds."""

from hypothesis import given
from hypothesis import strategies as st
from tenacity import retry_if_exception_type, stop_after_attempt, stop_after_delay, wait_fixed

from pubsub_tasks.tasks.retry_policy import RetryPolicy
from pubsub_tasks.tasks.retry_strategies import LONGEST_WAIT
from pubsub_tasks.verdicts import DeadLetter, Retry

answers = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just(RuntimeError("broken strategy"))
)
times = st.floats(min_value=0, max_value=4e9)
attempts = st.integers(min_value=1, max_value=10_000)


def answering(answer):
    def strategy(state):
        if isinstance(answer, Exception):
            raise answer
        return answer

    return strategy


@given(answers, answers, answers, attempts, times, times)
def test_the_decision_is_total(stop, wait, retry, attempt, first, now):
    policy = RetryPolicy(stop=answering(stop), wait=answering(wait), retry=answering(retry))
    error = OSError()

    verdict = policy.decide(error, attempt=attempt, first_received_at=first, now=now)

    assert verdict.error is error
    assert isinstance(verdict, DeadLetter) or 0 <= verdict.after <= LONGEST_WAIT
    assert isinstance(policy.exhausted_before(attempt), bool)
    assert policy.describe()


@given(st.integers(min_value=1, max_value=50), st.floats(0, 900), attempts, times)
def test_a_reported_attempt_is_never_taken_for_an_unreported_one(limit, wait, attempt, age):
    # Given a message whose every attempt was reported
    policy = RetryPolicy(stop=stop_after_attempt(limit) | stop_after_delay(3600), wait=wait_fixed(wait))

    verdict = policy.decide(OSError(), attempt=attempt, first_received_at=0, now=age)

    # Then the attempt after a retry is run, however long the queue made it wait
    if isinstance(verdict, Retry):
        assert not policy.exhausted_before(attempt + 1)


@given(attempts, times, times)
def test_the_same_question_has_the_same_answer(attempt, first, now):
    policy = RetryPolicy(wait=wait_fixed(3), retry=retry_if_exception_type(OSError))
    error = OSError()

    def ask():
        return policy.decide(error, attempt=attempt, first_received_at=first, now=now)

    assert ask() == ask()
