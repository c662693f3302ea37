"""App: what `pubsub-worker` runs here; its one handler prints when it started, by `time.perf_counter`.

That clock is one for all processes of a machine.
"""

import os
import sys
import time

from pubsub_tasks import task
from tests.benchmarks.orders import OrderPlaced


@task(OrderPlaced)
def read(total: object) -> None:
    os.write(sys.stdout.fileno(), f"{time.perf_counter()}\n".encode())  # a line in one piece, from any thread
