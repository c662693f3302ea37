"""The examples as the README starts them."""

import sys
from pathlib import Path

from tests.integration.commands import outcome

REPOSITORY = Path(__file__).parents[2]


def test_the_shop_handles_or_dead_letters_every_order_and_counts_them() -> None:
    code, output = outcome(sys.executable, "-m", "examples", cwd=REPOSITORY)

    assert code == 0, output
    assert "115 dead letters were sent, 115 stand in their queues; nothing is lost" in output
    for task in ("check_fraud", "send_receipt", "reserve_stock"):
        assert task in output
