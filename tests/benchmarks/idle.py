"""Idle: the CPU and the calls of a worker whose queue is empty, a minute.

Measured in a process of its own once its first message is handled, and scaled to a minute. A bare boto3
loop makes 60 / 20 = 3 calls.
"""

import resource
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from pubsub_tasks import Tasks, task
from pubsub_tasks.in_flight.capacity import Capacity
from pubsub_tasks.processes.service import ServiceOptions
from tests.benchmarks.counted import Goal, counted_worker
from tests.benchmarks.orders import OrderPlaced
from tests.benchmarks.section import Figure, Figures, Round, Section, Stage
from tests.benchmarks.stage import filled

SECONDS = 60


def measure(stage: Stage) -> Round:
    url = filled(stage.sqs, stage.name, 1)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return {"worker": pool.submit(rest, url, SECONDS * stage.options.scale).result()}


def rest(url: str, seconds: float) -> Figures:
    """Milliseconds of CPU and calls, a minute."""
    tasks = Tasks()
    task(OrderPlaced, tasks=tasks)(_read)
    goal = Goal(1)
    worker, queue = counted_worker(tasks, url, goal, ServiceOptions(capacity=Capacity(wait=20)), 24)
    worker.start()
    goal.reached.wait(60)
    time.sleep(min(1.0, seconds))  # what follows a message is over, and one poll is open
    calls, cpu, started = queue.calls, _cpu(), time.perf_counter()
    time.sleep(seconds)
    scale = 60 / (time.perf_counter() - started)
    figures = {"CPU ms/minute": 1000 * (_cpu() - cpu) * scale, "calls/minute": (queue.calls - calls) * scale}
    worker.stop(0)
    return figures


def _read(total: object) -> None: ...


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


SECTION = Section(
    "idle",
    (Figure("CPU ms/minute", ".1f"), Figure("calls/minute", ".1f")),
    measure,
    {},
    aims={("worker", "calls/minute"): "3"},
    runs=1,
)
