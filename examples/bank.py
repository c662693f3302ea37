"""A bank account: movements of one account are booked in their order, accounts beside each other.

Topic and queue are FIFO, as the queue's name says. The account is the message group, and a movement that is
sent twice is booked once. `pubsub-worker --local --app examples.bank` makes and serves them.
"""

from decimal import Decimal

from marshmallow import fields

from pubsub_tasks import PubSubMessageSchema, by, schema, task

MOVEMENT = "application/vnd.bank.pubsub._.created.movement"


@schema
class AccountMoved(PubSubMessageSchema):
    MEDIA_TYPE = MOVEMENT
    ATTRIBUTES = (
        "amount",
    )  # a subscription may ask for large ones alone: {"amount": [{"numeric": [">", 10000]}]}

    movement_id = fields.String(required=True)
    account = fields.String(required=True)
    amount = fields.Decimal(required=True, as_string=True)


balances: dict[str, Decimal] = {}
refused: list[str] = []


@task(AccountMoved, queue="accounts.fifo", group=by("account"), deduplicate=by("movement_id"))
def book(movement_id: str, account: str, amount: Decimal) -> None:
    """Book it. Whether an account is overdrawn depends on the order."""
    balance = balances.get(account, Decimal(0)) + amount
    if balance < 0:
        refused.append(movement_id)
    else:
        balances[account] = balance
