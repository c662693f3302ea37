"""The house rules, read from the sources: each names the file, the line and the import that breaks it.

A rule is a function from a house to its offences. Every rule is shown to bite: see FAULTS at the end.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from statistics import median

import pytest

from tests.sources import PACKAGE, House, Import, Module

ROOT = Path(__file__).parent.parent
Rule = Callable[[House], Iterator[str]]

LONGEST_FILE = 260
LONGEST_FUNCTION = 40
MEDIAN_FUNCTION = 8

TOP_LEVEL = {"pubsub_tasks", "examples", "tests", "setup.cfg", "setup.py", "README.md", "LICENSE"}

EMPTY_NAMES = {"base", "data", "helper", "helpers", "info", "manager", "managers", "util", "utils"}

# Whoever knows one of these has a clock, a thread, a network, an environment or chance.
IMPURE = {
    "asyncio",
    "boto3",
    "botocore",
    "concurrent",
    "http",
    "multiprocessing",
    "os",
    "pathlib",
    "queue",
    "random",
    "secrets",
    "select",
    "selectors",
    "sched",
    "signal",
    "socket",
    "socketserver",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "urllib.request",
    "uuid.uuid1",
    "uuid.uuid4",
}
CLOCKS = {"date.today", "datetime.now", "datetime.today", "datetime.utcnow"}

# The shell. Whatever is not named here is pure: it is told the time, and given what chance decides.
SHELL = {
    "extensions.py": "the world comes in: installed packages",
    "conventions.py": "asks servers for resources",
    "fetching.py": "as conventions.py",
    "factories.py": "the world comes in: clients",
    "wiring.py": "the world comes in: clients",
    "graph.py": "the world comes in: environment",
    "daemon.py": "a process",
    "aws_lambda.py": "a process",
    "leaving.py": "ends the process",
    "local.py": "starts the broker's process",
    "replay.py": "reads files and standard input",
    "running.py": "signals, and the time that a drain may take",
    "serving.py": "tells the time of a dead letter",
    "cli/*": "a process",
    "testing/*": "runs in a test's process, and turns its clock",
    "telemetry/*": "writes",
    "transports/aws.py": "the network",
    "transports/clients.py": "the network",
    "transports/credentials.py": "names botocore's exceptions",
    "transports/first_try.py": "what a thread's call began with",
    "transports/fast_path.py": "the network",
    "transports/observed.py": "a clock for durations",
    "transports/memory.py": "waits for arrivals as a long poll does",
    "publishing/producer.py": "gives ids and the time",
    "publishing/claims.py": "the network",
    "publishing/deferred.py": "threads may share it",
    "publishing/delays.py": "the network",
    "publishing/batch_messages.py": "gives ids",
    "publishing/ways.py": "sends",
    "publishing/sending.py": "waits before it tries again",
    "publishing/stream.py": "sends",
    "provisioning/aws.py": "the network",
    "provisioning/doctor.py": "asks the network",
    "consuming/consumer.py": "gives the time",
    "consuming/blocking.py": "watches an event loop",
    "consuming/deadlines.py": "raises in the threads of handlers",
    "consuming/one_by_one.py": "an event loop for one message",
    "consuming/executors.py": "threads and an event loop",
    "consuming/guarding.py": "asks under the station's lock",
    "consuming/handling.py": "an event loop's time limits",
    "consuming/outage.py": "threads share it",
    "consuming/receiving.py": "threads, each with its own receive attempt",
    "consuming/settling.py": "threads",
    "consuming/station.py": "the one lock around what is in flight",
    "consuming/worker.py": "threads",
    "consuming/supervised.py": "a process and its pipes",
    "consuming/supervisor.py": "processes and signals",
    "letters/browsing.py": "the network",
    "letters/hands.py": "a thread that keeps leases",
    "letters/moving.py": "the network",
    "letters/native.py": "the network",
    "letters/whereabouts.py": "asks the network",
    "letters/replaying.py": "runs coroutines",
    "embedded/__main__.py": "a process",
    "embedded/face.py": "waits as long polls do, and tells the broker the time",
    "embedded/listener.py": "sockets and signals",
    "embedded/server.py": "threads and processes",
}

# What a pure module may know all the same.
PURE_ENOUGH = {
    ("*", "random.Random"): "a source of chance that is handed in repeats itself",
    ("consuming/dispatch.py", "asyncio.CancelledError"): "the name of an exception that is not for us",
    ("provisioning/topology.py", "os.path.commonprefix"): "compares strings, and asks no file system",
    ("odd_errors.py", "threading.current_thread"): "Ctrl-C comes to the main thread alone",
    ("odd_errors.py", "threading.main_thread"): "as above",
    ("odd_errors.py", "sys.exc_info"): "what is being handled, as `logging` finds it",
    ("delivery.py", "time.time"): "a delivery made for a test is published now unless the test says when",
    ("forks.py", "os"): "is told by the operating system of forks, and ends children",
    ("forks.py", "signal"): "gives a child the signal handlers of before",
    ("forks.py", "sys"): "flushes what a child wrote",
    ("forks.py", "threading.RLock"): "what is made once is made whole, whichever thread comes first",
}

# Which files may know a library. The last part of the path is enough to find who breaks it.
KNOWN_BY = {
    "boto3": [
        "transports/clients.py",
        "publishing/claims.py",
        "publishing/delays.py",
        "provisioning/aws.py",
    ],
    "botocore": [
        "transports/aws.py",
        "transports/clients.py",
        "transports/credentials.py",
        "transports/first_try.py",
        "publishing/claims.py",
        "publishing/delays.py",
        "provisioning/aws.py",
    ],
    "microcosm": ["extensions.py", "factories.py", "wiring.py", "graph.py", "daemon.py"],
    "kombu": ["compression.py", "formats.py"],
    "click": ["cli/*"],
    "rich": ["cli/*"],
    "uvicorn": ["embedded/listener.py"],
    "urllib3": ["fetching.py", "transports/fast_path.py"],
    "moto": [],
}

WORDS = {"errors", "words"}
# Which rooms a room may import: errors <- words <- publishing, consuming -> protocols <- porches.
MAY_IMPORT = {
    "errors": set(),
    "words": WORDS,
    "face": {*WORDS, "publishing", "porches"},
    "protocols": WORDS,
    "publishing": {*WORDS, "protocols", "publishing"},
    "letters": {*WORDS, "protocols", "consuming", "letters"},
    "consuming": {*WORDS, "protocols", "consuming"},
    "provisioning": {*WORDS, "protocols", "provisioning"},
    "telemetry": {*WORDS, "telemetry"},
    "embedded": {"errors", "embedded"},
    "transports": {*WORDS, "protocols", "transports", "embedded"},
}
PORCHES = [
    "aws_lambda.py",
    "cli/*",
    "daemon.py",
    "extensions.py",
    "factories.py",
    "graph.py",
    "leaving.py",
    "local.py",
    "raw.py",
    "replay.py",
    "running.py",
    "serving.py",
    "wiring.py",
    "testing/*",
]

# Imports that wait until a function runs: (file, library or module) -> why.
LAZY = {
    ("compression.py", "kombu"): "0.1 s, and what is not compressed, or by gzip, never needs it",
    ("formats.py", "kombu"): "0.1 s, and JSON never needs it",
    ("__init__.py", "pubsub_tasks.graph"): "the default producer's graph is built when first published with",
    ("embedded/server.py", "pubsub_tasks.embedded.listener"): "brings uvicorn, which is an extra",
    ("cli/processes.py", "watchfiles"): "an extra, for development alone",
    ("wiring.py", "pubsub_tasks.publishing.claims"): "brings boto3, which a test's graph never needs",
    ("wiring.py", "pubsub_tasks.publishing.delays"): "brings boto3, which a test's graph never needs",
    ("wiring.py", "pubsub_tasks.transports.aws"): "brings boto3, 0.15 s that a test's graph never needs",
}

HEAVY = {"boto3", "botocore", "click", "kombu", "microcosm", "rich", "urllib3", "uvicorn"}


def inside(module: Module) -> str:
    """The path within the package."""
    return module.path.removeprefix(f"{PACKAGE}/")


def is_shell(path: str) -> bool:
    return any(fnmatch(path, pattern) for pattern in SHELL)


def room(path: str) -> str:
    """The room that a path within the package belongs to."""
    special = {"__init__.py": "face", "errors.py": "errors", "transports/__init__.py": "protocols"}
    if path in special:
        return special[path]
    if any(fnmatch(path, pattern) for pattern in PORCHES):
        return "porches"
    return path.split("/")[0] if "/" in path else "words"


def ours(house: House) -> Iterator[tuple[Module, Import, Module]]:
    """Each import of one module of the package by another."""
    by_name = {module.name: module for module in house.package}
    for module in house.package:
        for imported in module.imports:
            if imported.module in by_name and imported.module != module.name:
                yield module, imported, by_name[imported.module]


def pure_modules_know_no_world(house: House) -> Iterator[str]:
    for module in house.package:
        path = inside(module)
        if is_shell(path):
            continue
        for found in module.imports:
            if is_impure(path, found):
                yield f"{module.path}:{found.line} is pure, and imports {found.target}"
        for called, line in module.calls:
            if ".".join(called.split(".")[-2:]) in CLOCKS:
                yield f"{module.path}:{line} is pure, and calls {called}()"


def is_impure(path: str, found: Import) -> bool:
    allowed = any(fnmatch(path, pattern) and found.of(name) for pattern, name in PURE_ENOUGH)
    return not allowed and any(found.of(name) for name in IMPURE)


def pure_modules_import_no_shell(house: House) -> Iterator[str]:
    for module, found, other in ours(house):
        if not is_shell(inside(module)) and is_shell(inside(other)) and room(inside(module)) != "face":
            yield f"{module.path}:{found.line} is pure, and imports {other.path}"


def libraries_are_known_by_few(house: House) -> Iterator[str]:
    for module in house.package:
        for found in module.imports:
            for library, files in KNOWN_BY.items():
                if found.of(library) and not any(fnmatch(inside(module), pattern) for pattern in files):
                    who = ", ".join(files) or "nobody"
                    yield f"{module.path}:{found.line} imports {found.target}: {library} is known by {who}"


def imports_go_one_way(house: House) -> Iterator[str]:
    for module, found, other in ours(house):
        here, there = room(inside(module)), room(inside(other))
        if here != "porches" and there not in MAY_IMPORT[here]:
            yield f"{module.path}:{found.line} imports {other.path}: {here} may not know {there}"


def no_imports_in_a_circle(house: House) -> Iterator[str]:
    graph: dict[str, set[str]] = {module.path: set() for module in house.package}
    for module, _, other in ours(house):
        graph[module.path].add(other.path)
    while leaves := {path for path, wanted in graph.items() if not wanted & graph.keys()}:
        graph = {path: wanted for path, wanted in graph.items() if path not in leaves}
    if graph:
        knot = {path: sorted(wanted & graph.keys()) for path, wanted in graph.items()}
        yield f"imports in a circle, or leading to one: {knot}"


def imports_stand_at_the_top(house: House) -> Iterator[str]:
    for module in house.package:
        for found in module.imports:
            if found.within and not is_lazy(inside(module), found):
                yield f"{module.path}:{found.line} imports {found.target} within {found.within}"


def is_lazy(path: str, found: Import) -> bool:
    return any(path == file and found.of(name) for file, name in LAZY)


def lazy_imports_are_still_needed(house: House) -> Iterator[str]:
    by_path = {inside(module): module for module in house.package}
    for file, name in LAZY:
        if file in by_path and not any(found.within and found.of(name) for found in by_path[file].imports):
            yield f"{file} no longer imports {name} lazily: take it off the list"


def files_are_short(house: House) -> Iterator[str]:
    for module in house.package:
        if module.length > LONGEST_FILE:
            yield f"{module.path} has {module.length} lines, over {LONGEST_FILE}"


def functions_are_short(house: House) -> Iterator[str]:
    for path, name, line, length in function_lengths(house):
        if length > LONGEST_FUNCTION:
            yield f"{path}:{line} {name}() has {length} lines, over {LONGEST_FUNCTION}"


def most_functions_are_very_short(house: House) -> Iterator[str]:
    lengths = [length for *_, length in function_lengths(house)]
    if lengths and median(lengths) > MEDIAN_FUNCTION:
        yield f"half of the functions have more than {median(lengths):g} lines: aim at {MEDIAN_FUNCTION}"


def function_lengths(house: House) -> Iterator[tuple[str, str, int, int]]:
    for module in house.package:
        for function in module.functions:
            last = function.end_lineno or function.lineno
            yield module.path, function.name, function.lineno, last - function.lineno + 1


def modules_say_what_they_know(house: House) -> Iterator[str]:
    for module in house.package:
        first = module.tree.body[:1]
        if not first or not is_text(first[0]):
            yield f"{module.path} has no docstring"


def is_text(node: object) -> bool:
    return isinstance(getattr(getattr(node, "value", None), "value", None), str)


def names_say_something(house: House) -> Iterator[str]:
    for module in house.files:
        for part in module.path.removesuffix(".py").split("/"):
            if EMPTY_NAMES & set(part.split("_")):
                yield f"{module.path}: {part!r} says nothing of what is in it"


def the_top_level_is_as_agreed(house: House) -> Iterator[str]:
    found = top_level(house.root)
    yield from (f"{name} is not of the top level" for name in sorted(found - TOP_LEVEL))
    yield from (f"{name} is missing from the top level" for name in sorted(TOP_LEVEL - found))


def top_level(root: Path) -> set[str]:
    """What git tracks there; where there is no git, what lies there."""
    command = ["git", "-c", "safe.directory=*", "-C", str(root), "ls-files"]
    try:
        tracked = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        tracked = []
    names = {path.split("/")[0] for path in tracked} or {path.name for path in root.iterdir()}
    return {name for name in names if not name.startswith(".")}


def public_names_are_exactly_those_exported(house: House) -> Iterator[str]:
    for module in house.package:
        exported = module.exported
        if exported is None:
            if inside(module) == "__init__.py" and module.public_names:
                yield f"{module.path} has no __all__"
            continue
        if exported != sorted(exported):
            yield f"{module.path}: __all__ is not sorted"
        public = set(module.public_names)
        yield from (f"{module.path}: {name} is public alone" for name in sorted(public - set(exported)))
        yield from (f"{module.path}: {name} is in __all__ alone" for name in sorted(set(exported) - public))


def only_commands_print(house: House) -> Iterator[str]:
    for module in house.package:
        for called, line in module.calls:
            if called == "print" and not inside(module).startswith(("cli/", "embedded/__main__")):
                yield f"{module.path}:{line} prints"


def no_test_mocks_or_sleeps(house: House) -> Iterator[str]:
    for module in house.files:
        if not module.path.startswith("tests/"):
            continue
        for found in module.imports:
            if found.of("unittest") or found.of("time.sleep"):
                yield f"{module.path}:{found.line} imports {found.target}"
        # A benchmark's handler may be slow on purpose: that is what is measured.
        for called, line in [] if "/benchmarks/" in module.path else module.calls:
            if called == "time.sleep":
                yield f"{module.path}:{line} sleeps"


def importing_the_package_is_cheap(house: House) -> Iterator[str]:
    script = f"import json, sys, {PACKAGE}; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=house.root,
        env={**os.environ, "PYTHONPATH": str(house.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    loaded = json.loads(done.stdout) if done.returncode == 0 else [f"nothing: {done.stderr}"]
    yield from (f"import {PACKAGE} loads {name}" for name in loaded if name in HEAVY or "nothing" in name)


RULES: list[Rule] = [
    pure_modules_know_no_world,
    pure_modules_import_no_shell,
    libraries_are_known_by_few,
    imports_go_one_way,
    no_imports_in_a_circle,
    imports_stand_at_the_top,
    lazy_imports_are_still_needed,
    files_are_short,
    functions_are_short,
    most_functions_are_very_short,
    modules_say_what_they_know,
    names_say_something,
    the_top_level_is_as_agreed,
    public_names_are_exactly_those_exported,
    only_commands_print,
    no_test_mocks_or_sleeps,
    importing_the_package_is_cheap,
]


@pytest.fixture(scope="module")
def house() -> House:
    return House(ROOT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps(rule: Rule, house: House) -> None:
    offences = list(rule(house))

    assert not offences, "\n".join(["", *offences])


def long_function(lines: int) -> str:
    return "def long():\n" + "    x = 1\n" * (lines - 1)


# A rule, a house that breaks it (file -> text), and what is said of it.
FAULTS: list[tuple[Rule, dict[str, str], str]] = [
    (pure_modules_know_no_world, {"message.py": "import time"}, "message.py:1 is pure, and imports time"),
    (pure_modules_know_no_world, {"message.py": "from os import environ"}, "imports os.environ"),
    (pure_modules_know_no_world, {"tasks.py": "import threading"}, "imports threading"),
    (pure_modules_know_no_world, {"tasks.py": "from threading import Thread"}, "imports threading.Thread"),
    (pure_modules_know_no_world, {"retry.py": "from random import uniform"}, "imports random.uniform"),
    (pure_modules_know_no_world, {"consuming/inflight.py": "import asyncio"}, "imports asyncio"),
    (pure_modules_know_no_world, {"embedded/broker.py": "import socket"}, "imports socket"),
    (
        pure_modules_know_no_world,
        {"codecs.py": "def f():\n    return datetime.now()"},
        "calls datetime.now()",
    ),
    (
        pure_modules_import_no_shell,
        {"consuming/inflight.py": "from .worker import Worker", "consuming/worker.py": "class Worker: ..."},
        "inflight.py:1 is pure, and imports pubsub_tasks/consuming/worker.py",
    ),
    (libraries_are_known_by_few, {"consuming/worker.py": "import boto3"}, "worker.py:1 imports boto3"),
    (
        libraries_are_known_by_few,
        {"cli/worker.py": "from botocore.config import Config"},
        "botocore.config.Config",
    ),
    (libraries_are_known_by_few, {"tasks.py": "from microcosm.api import binding"}, "microcosm.api.binding"),
    (libraries_are_known_by_few, {"envelope.py": "import kombu.compression"}, "kombu is known by"),
    (libraries_are_known_by_few, {"testing/__init__.py": "import moto"}, "moto is known by nobody"),
    (libraries_are_known_by_few, {"codecs.py": "import_module('boto3')"}, "imports boto3"),
    (
        imports_go_one_way,
        {"errors.py": "from .wire import Record", "wire.py": ""},
        "errors may not know words",
    ),
    (
        imports_go_one_way,
        {"publishing/producer.py": "from ..consuming import worker", "consuming/worker.py": ""},
        "publishing may not know consuming",
    ),
    (
        imports_go_one_way,
        {"consuming/worker.py": "from ..transports.aws import AwsTransport", "transports/aws.py": ""},
        "consuming may not know transports",
    ),
    (
        imports_go_one_way,
        {"embedded/broker.py": "from ..wire import Record", "wire.py": ""},
        "embedded may not know words",
    ),
    (
        imports_go_one_way,
        {"tasks.py": "from .graph import build", "graph.py": ""},
        "words may not know porches",
    ),
    (
        no_imports_in_a_circle,
        {
            "tasks.py": "from .middleware import compose",
            "middleware.py": "def f():\n    from .tasks import Task",
        },
        "pubsub_tasks/middleware.py': ['pubsub_tasks/tasks.py']",
    ),
    (imports_stand_at_the_top, {"tasks.py": "def f():\n    import json"}, "imports json within f()"),
    (
        imports_stand_at_the_top,
        {"tasks.py": "if TYPE_CHECKING:\n    from .message import Message"},
        "within TYPE_CHECKING",
    ),
    (lazy_imports_are_still_needed, {"wiring.py": "import json"}, "wiring.py no longer imports"),
    (files_are_short, {"tasks.py": "x = 1\n" * 261}, "tasks.py has 261 lines"),
    (functions_are_short, {"tasks.py": long_function(41)}, "tasks.py:1 long() has 41 lines"),
    (most_functions_are_very_short, {"tasks.py": long_function(9)}, "more than 9 lines"),
    (modules_say_what_they_know, {"tasks.py": "x = 1"}, "tasks.py has no docstring"),
    (names_say_something, {"publishing/sns_helpers.py": ""}, "'sns_helpers' says nothing"),
    (the_top_level_is_as_agreed, {"../Makefile": ""}, "Makefile is not of the top level"),
    (the_top_level_is_as_agreed, {"tasks.py": ""}, "LICENSE is missing from the top level"),
    (public_names_are_exactly_those_exported, {"__init__.py": "from .tasks import Task"}, "has no __all__"),
    (
        public_names_are_exactly_those_exported,
        {"__init__.py": "from .tasks import Task, Tasks\n__all__ = ['Task']"},
        "Tasks is public alone",
    ),
    (
        public_names_are_exactly_those_exported,
        {"__init__.py": "__all__ = ['Task']"},
        "Task is in __all__ alone",
    ),
    (
        public_names_are_exactly_those_exported,
        {"__init__.py": "from .tasks import Task, task\n__all__ = ['task', 'Task']"},
        "__all__ is not sorted",
    ),
    (only_commands_print, {"tasks.py": "def f():\n    print('x')"}, "tasks.py:2 prints"),
    (
        no_test_mocks_or_sleeps,
        {"../tests/test_x.py": "from unittest import mock"},
        "imports unittest.mock",
    ),
    (
        no_test_mocks_or_sleeps,
        {"../tests/test_x.py": "import time\ntime.sleep(1)"},
        "test_x.py:2 sleeps",
    ),
    (importing_the_package_is_cheap, {"__init__.py": "import click"}, "import pubsub_tasks loads click"),
    (importing_the_package_is_cheap, {"__init__.py": "import missing"}, "No module named 'missing'"),
]


@pytest.mark.parametrize(("rule", "files", "said"), FAULTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_fault_is_named(rule: Rule, files: dict[str, str], said: str, tmp_path: Path) -> None:
    offences = list(rule(House(planted(tmp_path, files))))

    assert said in "\n".join(offences)


def test_every_rule_has_a_fault_that_it_catches() -> None:
    assert {rule for rule, *_ in FAULTS} == set(RULES)


def planted(root: Path, files: dict[str, str]) -> Path:
    """A house of these files alone, their paths being within the package."""
    for path, text in files.items():
        file = root / PACKAGE / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root
