"""The house rules, read from the sources: each names the file, the line and the import that breaks it.

A rule is a function from a house to its offences. Every rule is shown to bite: see FAULTS at the end.
"""

import ast
import json
import os
import subprocess
import sys
from collections import Counter
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

# Folders without I/O, clocks, threads and chance, in all of their files; "" is the root of the package.
PURE = [
    "",
    "aws_events",
    "batches",
    "celery_messages",
    "content",
    "content/plans",
    "dashboard/measures",
    "dead_letters",
    "dispatching",
    "doctor",
    "in_flight",
    "local/actions",
    "local/queues",
    "local/rules",
    "local/topics",
    "messages",
    "messages/formats",
    "provisioning/export",
    "provisioning/planning",
    "provisioning/wanted",
    "schemas",
    "tasks",
    "untrusted",
    "wire",
]
# Files of other folders that are pure all the same.
PURE_FILES = [
    "dashboard/content_example.py",
    "dashboard/letter_query.py",
    "dashboard/web/access.py",
    "lifecycle/forks.py",
    "processes/exit_codes.py",
    "processes/restarts.py",
    "provisioning/claims.py",
    "provisioning/declared.py",
    "provisioning/policy_statements.py",
    "provisioning/queue_status.py",
    "provisioning/resources.py",
    "provisioning/settings.py",
    "provisioning/topology.py",
    "publishing/prepared_message.py",
    "publishing/publish_batches.py",
    "publishing/publish_results.py",
    "publishing/topics.py",
    "transports/aws/fast_path/hot_calls.py",
    "transports/aws/fast_path/response_head.py",
    "transports/aws/regions.py",
    "transports/aws/fast_path/sigv4.py",
    "transports/aws/timeouts.py",
    "transports/boto_shapes.py",
    "transports/protocols.py",
    "worker_health/counters.py",
    "worker_health/status.py",
]
# Files of the root that face the world.
SHELL_FILES = {
    "conventions.py": "asks servers for resources",
    "daemon.py": "a process",
}

# What a pure module may know all the same.
PURE_ENOUGH = {
    ("*", "random.Random"): "a source of chance that is handed in repeats itself",
    ("untrusted/exceptions.py", "asyncio.CancelledError"): "the name of an exception",
    (
        "provisioning/wanted/statements.py",
        "os.path.commonprefix",
    ): "compares strings, and asks no file system",
    ("untrusted/exceptions.py", "threading.current_thread"): "Ctrl-C comes to the main thread alone",
    ("untrusted/exceptions.py", "threading.main_thread"): "as above",
    ("untrusted/exceptions.py", "sys.exc_info"): "what is being handled, as `logging` finds it",
    ("messages/delivery.py", "time.time"): "a delivery made for a test is published now by default",
    ("lifecycle/forks.py", "os"): "the operating system reports forks here, and children end here",
    ("lifecycle/forks.py", "signal"): "restores the signal handlers in a child",
    ("lifecycle/forks.py", "sys"): "flushes the output of a child",
    ("lifecycle/forks.py", "threading.RLock"): "one lock for everything that is made at first use",
}

# Which files may know a library.
KNOWN_BY = {
    "boto3": [
        "transports/aws/clients.py",
        "publishing/scheduler.py",
    ],
    "botocore": [
        "transports/aws/*",
        "publishing/scheduler.py",
        "provisioning/reading/boto_api.py",
    ],
    "microcosm": ["graph/*", "daemon.py"],
    "apispec": ["schemas/json_schema.py"],
    "kombu": ["wire/compression.py", "wire/serialization.py"],
    "click": ["cli/*"],
    "rich": ["cli/*"],
    "msgspec": ["wire/json_parser.py"],
    "prometheus_client": ["telemetry/metrics/prometheus_text.py"],
    "sentry_sdk": ["telemetry/error_reports.py"],
    "opentelemetry": ["telemetry/tracing/*"],
    "uvicorn": ["dashboard/web/web_server.py", "local/listener.py"],
    "starlette": ["dashboard/*"],
    "jinja2": ["dashboard/pages/page_templates.py"],
    "urllib3": ["transports/http_resource.py", "transports/aws/fast_path/*"],
    "moto": [],
}

WORDS = {"root", "untrusted", "wire", "content", "celery_messages", "messages", "tasks"}
# Which rooms a room may import; each may import itself. A file of the root is of the room "root", except the
# package's face and those of ROOMS_OF_FILES.
MAY_IMPORT = {
    "untrusted": {"root"},
    "wire": {"root", "untrusted", "lifecycle"},
    "content": {"root", "untrusted", "wire"},
    "celery_messages": {"root", "untrusted", "wire", "content"},
    "messages": {"root", "untrusted", "wire", "content", "celery_messages"},
    "lifecycle": {"root", "untrusted"},
    "tasks": {*WORDS, "lifecycle"},
    "root": {*WORDS, "transports"},
    "aws_events": {"root", "wire", "messages"},
    "celery": WORDS,
    "batches": {"root", "untrusted", "wire"},
    "dispatching": {*WORDS, "batches", "lifecycle"},
    "in_flight": {*WORDS, "batches"},
    "dead_letters": {*WORDS, "batches"},
    "protocols": WORDS,
    "publishing": {*WORDS, "batches", "protocols"},
    "worker_health": {*WORDS, "batches", "in_flight"},
    "worker": {
        *WORDS,
        *{"batches", "dead_letters", "dispatching", "in_flight", "lifecycle", "protocols", "worker_health"},
    },
    "consumer": {*WORDS, "batches", "protocols", "dispatching", "dead_letters"},
    "redrive": {*WORDS, "batches", "protocols", "consumer", "dispatching", "dead_letters"},
    "transports": {*WORDS, "protocols", "lifecycle", "local"},
    "provisioning": {*WORDS, "lifecycle", "protocols"},
    "doctor": {*WORDS, "provisioning", "local"},
    "schemas": WORDS,
    "telemetry": {*WORDS, "lifecycle"},
    "dashboard": {
        *WORDS,
        "dead_letters",
        "doctor",
        "lifecycle",
        "protocols",
        "redrive",
        "schemas",
        "telemetry",
    },
    "local": {"errors"},
    "face": {*WORDS, "publishing", "graph"},
}
# Where everything is put together: these may import all but `testing`.
PORCHES = {"aws_lambda", "cli", "daemon", "environments", "graph", "processes", "testing"}
ROOMS_OF_FILES = {
    "__init__.py": "face",
    "daemon.py": "daemon",
    "errors.py": "errors",
    "transports/boto_shapes.py": "protocols",
    "transports/protocols.py": "protocols",
}

MODULES_IN_ROOT = 9
MODULES_IN_FOLDER = 12

# File names that stand twice, and why: two siblings do the same for different things.
SAME_NAME = {
    "__init__.py": "a package",
    "__main__.py": "a process",
    "daemon.py": "the command of a daemon",
    "worker.py": "the command of the worker",
    "memory.py": "topics and queues in memory: the transport, and the environment around it",
}

# Imports that wait until a function runs: (file, library or module) -> why.
LAZY = {
    ("schemas/json_schema.py", "apispec"): "an extra, for `schema export` alone",
    **{
        (file, "asyncio"): "0.01 s, and plain functions never need it"
        for file in (
            "untrusted/exceptions.py",
            "worker/body_opener.py",
            "worker/message_processor.py",
            "worker/time_limits.py",
        )
    },
    ("worker/worker.py", "pubsub_tasks.worker.coroutines"): "as above",
    ("wire/compression.py", "kombu"): "0.1 s, and what is not compressed, or by gzip, never needs it",
    ("wire/serialization.py", "kombu"): "0.1 s, and JSON never needs it",
    ("wire/json_parser.py", "msgspec"): "an extra, and not every process parses JSON",
    (
        "__init__.py",
        "pubsub_tasks.graph.object_graph",
    ): "the default producer's graph is built at the first publish",
    (
        "environments/memory.py",
        "pubsub_tasks.environments.memory_queues",
    ): "brings provisioning, which a worker on AWS never needs",
    ("local/server.py", "pubsub_tasks.local.listener"): "brings uvicorn, which is an extra",
    ("cli/serving/supervise.py", "watchfiles"): "an extra, for development alone",
    (
        "graph/connections.py",
        "pubsub_tasks.transports.aws.s3_claims",
    ): "brings boto3, which a test's graph never needs",
    (
        "graph/connections.py",
        "pubsub_tasks.publishing.scheduler",
    ): "brings boto3, which a test's graph never needs",
    ("graph/connections.py", "pubsub_tasks.transports.aws.transport"): "brings urllib3, and often boto3",
    ("transports/aws/transport.py", "pubsub_tasks.transports.aws.boto3_calls"): "brings boto3, 0.15 s",
    (
        "transports/aws/without_boto3/container_keys.py",
        "botocore",
    ): "botocore's providers, 40 ms, which are needed once keys are refreshed",
    ("transports/aws/fast_path/connection_pool.py", "certifi"): "not every installation has it",
    ("transports/aws/fast_path/hot_calls.py", "xml"): "for publishing alone",
    ("graph/connections.py", "pubsub_tasks.environments.memory"): "for testing graphs, and brings the broker",
    ("graph/producing.py", "pubsub_tasks.environments.memory"): "as above",
    ("graph/object_graph.py", "pubsub_tasks.environments.eager"): "for eager mode, and brings dispatch",
    (
        "graph/tracing_and_sentry.py",
        "pubsub_tasks.telemetry.error_reports",
    ): "as below, for pubsub_sentry.enabled",
    (
        "graph/tracing_and_sentry.py",
        "pubsub_tasks.telemetry.tracing",
    ): "an extra, for pubsub_tracing.enabled alone",
    ("graph/components.py", "pubsub_tasks.graph.consuming"): "a worker needs no consumer",
    ("graph/components.py", "pubsub_tasks.graph.producing"): "many workers publish nothing",
    ("graph/components.py", "pubsub_tasks.consumer"): "types of the above",
    ("graph/components.py", "pubsub_tasks.publishing"): "types of the above",
    ("cli/worker.py", "pubsub_tasks.cli.find_app"): "a supervisor knows no app",
    ("cli/serving/serve.py", "pubsub_tasks.cli.find_app"): "the type of one",
    ("cli/serving/serve.py", "pubsub_tasks.cli.serving.supervise"): "for supervisors",
    ("cli/serving/serve.py", "pubsub_tasks.cli.serving.worker_process"): "for all others",
    ("cli/serving/worker_process.py", "pubsub_tasks.cli.serving.health_checks"): "for --health-port",
    ("cli/serving/worker_process.py", "pubsub_tasks.cli.serving.worker_metrics"): "for --health-port",
    ("cli/serving/worker_process.py", "pubsub_tasks.cli.local"): "for --local",
    ("cli/serving/worker_process.py", "pubsub_tasks.environments.local_broker"): "for --local",
    ("cli/serving/source.py", "pubsub_tasks.cli.local"): "for --local",
    ("cli/serving/source.py", "pubsub_tasks.environments.local_broker"): "for --local",
    ("cli/serving/source.py", "pubsub_tasks.environments.replayed_lines"): "for files and --stdin",
    ("cli/serving/supervise.py", "pubsub_tasks.cli.local"): "for --local",
    ("cli/serving/supervise.py", "pubsub_tasks.environments.local_broker"): "for --local",
    ("cli/serving/supervise.py", "pubsub_tasks.cli.serving.child_health"): "for --health-port",
    ("cli/serving/supervise.py", "pubsub_tasks.cli.serving.child_metrics"): "for --health-port",
    ("cli/serving/supervise.py", "pubsub_tasks.telemetry.health_server"): "for --health-port",
    ("telemetry/metrics/prometheus_text.py", "prometheus_client"): "an extra, for /metrics alone",
    (
        "cli/monitoring/dashboard_server.py",
        "pubsub_tasks.dashboard.web.web_server",
    ): "brings Starlette and uvicorn, an extra",
    ("cli/serving/worker_process.py", "pubsub_tasks.cli.monitoring.dashboard_server"): "for --dashboard",
    (
        "testing/plugin/__init__.py",
        "pubsub_tasks.testing",
    ): "every pytest run loads the plugin, and few use the library",
    ("testing/plugin/__init__.py", "pubsub_tasks.errors"): "every pytest run loads the plugin",
    (
        "aws_lambda/function_setup.py",
        "pubsub_tasks.transports.aws.transport",
    ): "brings boto3, which no event needs that succeeds",
    (
        "aws_lambda/function_setup.py",
        "pubsub_tasks.graph",
    ): "brings microcosm, which a registry of functions never needs",
    (
        "aws_lambda/record_handler.py",
        "pubsub_tasks.aws_lambda.handler_limits",
    ): "for coroutines and time limits alone",
}

HEAVY = {"boto3", "botocore", "click", "kombu", "microcosm", "rich", "urllib3", "uvicorn"}


def inside(module: Module) -> str:
    """The path within the package."""
    return module.path.removeprefix(f"{PACKAGE}/")


def is_pure(path: str) -> bool:
    folder = path.rpartition("/")[0]
    return path in PURE_FILES or (folder in PURE and path not in SHELL_FILES and path != "__init__.py")


def room(path: str) -> str:
    """The room that a path within the package belongs to."""
    if path in ROOMS_OF_FILES:
        return ROOMS_OF_FILES[path]
    return path.split("/")[0] if "/" in path else "root"


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
        if not is_pure(path):
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
        if is_pure(inside(module)) and not is_pure(inside(other)):
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
        if there == here or here in PORCHES:
            continue
        allowed = MAY_IMPORT[here]
        if there not in allowed and not (there == "errors" and "root" in allowed | {here}):
            yield f"{module.path}:{found.line} imports {other.path}: {here} may not know {there}"


def only_tests_and_users_import_testing(house: House) -> Iterator[str]:
    for module, found, other in ours(house):
        if room(inside(other)) == "testing" != room(inside(module)):
            yield f"{module.path}:{found.line} imports {other.path}, but never needs its testing kit"


def folders_are_small(house: House) -> Iterator[str]:
    folders = Counter(inside(module).rpartition("/")[0] for module in house.package)
    for folder, count in folders.items():
        most = MODULES_IN_FOLDER if folder else MODULES_IN_ROOT
        if count > most:
            yield f"{PACKAGE}/{folder} has {count} modules, over {most}"


def class_names_are_unique(house: House) -> Iterator[str]:
    places: dict[str, str] = {}
    for module in house.package:
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and places.setdefault(node.name, module.path) != module.path:
                yield f"{module.path}:{node.lineno} {node.name} is a class of {places[node.name]} too"


def defaults_of_named_tuples_are_values(house: House) -> Iterator[str]:
    for module in house.package:
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and "NamedTuple" in map(ast.unparse, node.bases):
                for line in (each.lineno for each in node.body if is_dataclass_field(each)):
                    yield f"{module.path}:{line} field() is for dataclasses: here it would be the value"


def is_dataclass_field(node: ast.stmt) -> bool:
    value = getattr(node, "value", None)
    return isinstance(value, ast.Call) and ast.unparse(value.func) == "field"


def file_names_stand_once(house: House) -> Iterator[str]:
    names: dict[str, list[str]] = {}
    for module in house.package:
        names.setdefault(module.path.rpartition("/")[2], []).append(module.path)
    for name, paths in names.items():
        if len(paths) > 1 and name not in SAME_NAME:
            yield f"{name} stands {len(paths)} times: {', '.join(paths)}"


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
        public = set(module.public_names)
        yield from (f"{module.path}: {name} is public alone" for name in sorted(public - set(exported)))
        yield from (f"{module.path}: {name} is in __all__ alone" for name in sorted(set(exported) - public))


def only_commands_print(house: House) -> Iterator[str]:
    for module in house.package:
        for called, line in module.calls:
            if called == "print" and not inside(module).startswith(("cli/", "local/__main__")):
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
    only_tests_and_users_import_testing,
    folders_are_small,
    class_names_are_unique,
    defaults_of_named_tuples_are_values,
    file_names_stand_once,
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
    (pure_modules_know_no_world, {"in_flight/state_machine.py": "import asyncio"}, "imports asyncio"),
    (pure_modules_know_no_world, {"local/rules/broker.py": "import socket"}, "imports socket"),
    (
        pure_modules_know_no_world,
        {"codecs.py": "def f():\n    return datetime.now()"},
        "calls datetime.now()",
    ),
    (
        pure_modules_import_no_shell,
        {
            "in_flight/state_machine.py": "from ..worker.worker import Worker",
            "worker/worker.py": "class Worker: ...",
        },
        "state_machine.py:1 is pure, and imports pubsub_tasks/worker/worker.py",
    ),
    (libraries_are_known_by_few, {"worker/worker.py": "import boto3"}, "worker.py:1 imports boto3"),
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
        {"wire/records.py": "from ..messages.message import Message", "messages/message.py": ""},
        "wire may not know messages",
    ),
    (
        imports_go_one_way,
        {"publishing/producer.py": "from ..worker import worker", "worker/worker.py": ""},
        "publishing may not know worker",
    ),
    (
        imports_go_one_way,
        {"worker/worker.py": "from ..transports.memory import Memory", "transports/memory.py": ""},
        "worker may not know transports",
    ),
    (
        imports_go_one_way,
        {"local/rules/broker.py": "from ...wire.records import Record", "wire/records.py": ""},
        "local may not know wire",
    ),
    (
        imports_go_one_way,
        {"tasks/registry.py": "from ..graph.components import build", "graph/components.py": ""},
        "tasks may not know graph",
    ),
    (
        only_tests_and_users_import_testing,
        {"graph/components.py": "from ..testing.clock import Clock", "testing/clock.py": ""},
        "never needs its testing kit",
    ),
    (folders_are_small, {f"module_{number}.py": "" for number in range(10)}, "has 10 modules, over 9"),
    (folders_are_small, {f"wire/module_{number}.py": "" for number in range(13)}, "13 modules, over 12"),
    (
        class_names_are_unique,
        {"wire/records.py": "class Record: ...", "tasks/record.py": "class Record: ..."},
        "Record is a class of",
    ),
    (
        defaults_of_named_tuples_are_values,
        {"wire/records.py": "class Sent(NamedTuple):\n    ids: list = field(default_factory=list)"},
        "records.py:2 field() is for dataclasses",
    ),
    (
        file_names_stand_once,
        {"wire/batch.py": "", "tasks/batch.py": ""},
        "batch.py stands 2 times",
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
    (
        lazy_imports_are_still_needed,
        {"graph/connections.py": "import json"},
        "connections.py no longer imports",
    ),
    (files_are_short, {"tasks.py": "x = 1\n" * (LONGEST_FILE + 1)}, "tasks.py has "),
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
