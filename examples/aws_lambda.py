"""The shop's receipts, sent by a function in AWS Lambda instead of a worker.

    python -m examples.aws_lambda

prints the settings of the event source mapping that lets the queue invoke the function, as CloudFormation's
`AWS::Lambda::EventSourceMapping` and the Lambda API take them. The function's handler is
`examples.aws_lambda.handler`.
"""

import json

from examples.orders import OrderPlaced
from pubsub_tasks import Tasks, task
from pubsub_tasks.aws_lambda import EventSource, lambda_handler

tasks = Tasks()
sent: list[str] = []


@task(OrderPlaced, queue="receipts", tasks=tasks, timeout=5)
def send_receipt(email: str, total: object, currency: str) -> None:
    """Thank the customer."""
    sent.append(f"To {email}: we have your order of {total} {currency}.")


handler = lambda_handler(tasks, concurrency=4)

FUNCTION_TIMEOUT = 30

EVENT_SOURCE = EventSource("receipts", batch_size=100, window=2, maximum_concurrency=10)


if __name__ == "__main__":
    print(json.dumps(EVENT_SOURCE.parameters(), indent=2))
    print("The queue's visibility timeout:", EVENT_SOURCE.visibility_timeout(FUNCTION_TIMEOUT), "s")
