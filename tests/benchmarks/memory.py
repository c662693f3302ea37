"""Memory: what a worker holds when it has handled its first messages, and after very many more.

The queue is filled by thousands, so that some always wait.
"""

from tests.benchmarks.section import Figure, Figures, Round, Section, Stage
from tests.benchmarks.stage import CONSUMERS, consumer, fill, filled

WAITING = 1_000


def measure(stage: Stage) -> Round:
    return {name: _run(stage, name) for name in CONSUMERS}


def _run(stage: Stage, name: str) -> Figures:
    url = filled(stage.sqs, f"{stage.name}-{name}", WAITING)
    many = stage.options.messages(20_000)
    with consumer(name, url) as running:
        for _ in range(WAITING):
            running.next()
        first = _resident(running.pid)
        for _ in range(0, many, WAITING):
            fill(stage.sqs, url, WAITING)
            for _ in range(WAITING):
                running.next()
        return {"MiB": first, "MiB after many": _resident(running.pid)}


def _resident(pid: int) -> float:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


SECTION = Section(
    "memory in use after 1,000 messages, and after 20,000 more",
    (Figure("MiB", ".1f"), Figure("MiB after many", ".1f")),
    measure,
    {"pubsub-worker": "bare"},
    aims={("pubsub-worker", "MiB"): "≤ bare + 5"},
    runs=1,
)
