"""Startup: from starting a command to the first message handled, which waits in the queue already.

Beside `pubsub-worker` stands the bare boto3 loop: Python, `import boto3`, a client and its first receive.
Both start with keys in the environment, and with those of a container, which they have to fetch.
"""

import os
import subprocess
import time
from collections import Counter
from typing import Any

from tests.benchmarks.section import Figure, Figures, Round, Section, Stage
from tests.benchmarks.stage import CONSUMERS, ROOT, consumer, filled, started

CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")

LIBRARIES = {
    "boto3 and botocore": ("boto3", "botocore", "s3transfer", "jmespath", "dateutil"),
    "urllib3": ("urllib3", "certifi"),
    "marshmallow": ("marshmallow",),
    "click, microcosm, tenacity": ("click", "microcosm", "importlib_metadata", "zipp", "tenacity"),
    "pubsub_tasks": ("pubsub_tasks",),
}
"""By stage of a start, the packages that are imported in it. All others count as Python's own."""


def environment_of(name: str, url: str) -> dict[str, str]:
    """Variables with keys, or with the address of a container's keys."""
    here = dict(os.environ)
    if name == "container":
        for variable in CREDENTIALS:
            here.pop(variable, None)
        here["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"{url}/credentials"
    return here


def measure(stage: Stage) -> Round:
    return {
        f"{name}, {keys} keys": _start(stage, name, keys)
        for keys in ("environment", "container")
        for name in CONSUMERS
    }


def _start(stage: Stage, name: str, keys: str) -> Figures:
    url = filled(stage.sqs, f"{stage.name}-{name}-{keys}", 1)
    began = time.perf_counter()
    with consumer(name, url, environment_of(keys, stage.url)) as running:
        took = running.next() - began
        return {"ms": 1000 * took, "CPU ms": _cpu(running.pid)}


def _cpu(pid: int) -> float:
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        user, system = stat.read().rpartition(")")[2].split()[11:13]
    return 1000 * (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


SECTION = Section(
    "start to first message",
    (Figure("ms", ratio=True), Figure("CPU ms", ratio=True)),
    measure,
    {f"pubsub-worker, {keys} keys": f"bare, {keys} keys" for keys in ("environment", "container")},
    aims={
        ("pubsub-worker, environment keys", "ms"): "≤ 1.0",
        ("pubsub-worker, container keys", "ms"): "≤ 1.0",
    },
    runs=10,
    endpoint="canned",
    warm_up=True,
)


def stages() -> dict[str, dict[str, float]]:
    """Milliseconds by stage of a start, for each consumer and kind of keys, by Python's `-X importtime`.

    That slows imports down a little; what is not an import is the rest until the first message.
    """
    found = {}
    with started("canned") as (url, sqs):
        for keys in ("environment", "container"):
            for name in CONSUMERS:
                runs = [_stages(sqs, url, name, keys, f"stages-{name}-{keys}-{run}") for run in range(5)]
                found[f"{name}, {keys} keys"] = min(runs, key=lambda each: sum(each.values()))
    return found


def _stages(sqs: Any, url: str, name: str, keys: str, queue: str) -> dict[str, float]:
    variables = environment_of(keys, url) | {"PYTHONPROFILEIMPORTTIME": "1"}
    target = filled(sqs, queue, 1)
    began = time.perf_counter()
    with subprocess.Popen(
        [*CONSUMERS[name], target], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=variables
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        took = 1000 * (float(process.stdout.readline()) - began)
        process.kill()
        lines = process.stderr.read().decode().splitlines()
    spent = Counter(dict.fromkeys(("Python", *LIBRARIES), 0.0))
    for line in lines:
        if line.startswith("import time:") and line[12:].split("|")[0].strip().isdigit():
            own, _, module = line[12:].split("|")
            spent[_stage_of(module.strip().partition(".")[0])] += int(own) / 1000
    spent["all but imports"] = max(0.0, took - sum(spent.values()))
    return dict(spent)


def _stage_of(package: str) -> str:
    return next((stage for stage, packages in LIBRARIES.items() if package in packages), "Python")
