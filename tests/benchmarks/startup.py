"""Startup: from starting a command to the first message handled, which waits in the queue already.

    python -m tests.benchmarks.startup [--runs 10] [--delay-ms 0]

Beside `pubsub-worker` stands the bare boto3 loop: Python, `import boto3`, a client and its first receive.
"""

import time
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.stage import CONSUMERS, broker, consumer, filled, parser, spread


def main(arguments: list[str] | None = None) -> None:
    options = parser(__doc__, runs=10).parse_args(arguments)
    with broker(options.delay_ms, options.endpoint) as sqs:
        for name in CONSUMERS:  # once unmeasured, for the caches of the disk
            _run(sqs, name, f"warm-{name}")
        rounds = [
            {name: _run(sqs, name, f"startup-{number}-{name}") for name in CONSUMERS}
            for number in range(options.runs)
        ]
    table = Table("consumer", "ms", "ms more than bare", title=f"start to first message, {options.runs} runs")
    for name in CONSUMERS:
        more = spread([each[name] - each["bare"] for each in rounds])
        table.add_row(name, spread([each[name] for each in rounds]), more)
    Console(width=100).print(table)


def _run(sqs: Any, name: str, queue: str) -> float:
    url = filled(sqs, queue, 1)
    started = time.perf_counter()
    with consumer(name, url) as times:
        return 1000 * (next(times) - started)


if __name__ == "__main__":
    main()
