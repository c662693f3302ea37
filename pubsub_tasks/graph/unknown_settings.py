"""Finds environment variables that look like settings of this package and are none, so have no effect."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches

SEPARATOR = "__"

Settings = Mapping[str, Collection[str]]
"""The keys of each component."""

FURTHER_KEYS: Settings = {
    "sns_topic_arns": ("created", "changed", "deleted"),
    "sqs_consumer": (
        "celery_rest_queue_url",
        "concurrency",
        "dashboard",
        "drain",
        "envelope",
        "grace",
        "health_host",
        "health_port",
        "max_memory",
        "max_tasks",
        "once",
        "prefetch",
        "receivers",
        "stdin",
        "strict",
        "unready_after",
    ),
}
"""Keys that components take without declaring them: of microcosm-pubsub, and flags of the worker."""

OPEN = ("sns_topic_arns", "sqs_queue_urls")
"""Components that take any key, such as the name of a queue."""


def unknown_settings(variables: Iterable[str], graph: str, settings: Settings) -> Iterator[str]:
    """Yield a sentence for each variable that is no setting of these components, but was meant as one.

    Args:
        variables: names of environment variables.
        graph: the graph's name as variables begin with it, such as `PUBSUB_TASKS`.
        settings: of this package's components. Those of others are not judged, unless a name is similar.
    """
    names = [_variable(graph, component, key) for component, keys in settings.items() for key in keys]
    joined = {_joined(name): name for name in names}
    for variable in sorted(variables):
        if variable in names or not variable.startswith(f"{graph}_"):
            continue
        meant = joined.get(_joined(variable)) or _similar(variable, graph, settings)
        if meant is not None:
            advice = f"did you mean {meant}?" if meant else "`pubsub-tasks manual configuration` lists them"
            yield f"{variable} is no setting and has no effect: {advice}"


def _similar(variable: str, graph: str, settings: Settings) -> str | None:
    """The setting that was meant, empty if it is not known, or None if the variable may be something else."""
    start, *path = variable.split(SEPARATOR)
    if start != graph or len(path) < 2:
        return None
    component, key = path[0].lower(), path[1].lower()
    nearest = get_close_matches(component, settings, 1, 0.8)
    if not nearest or (component in settings and key in settings[component]):
        return None
    near = get_close_matches(key, settings[nearest[0]], 1, 0.8)
    if near and (len(path) == 2 or nearest[0] in OPEN):
        return SEPARATOR.join([_variable(graph, nearest[0], near[0]), *path[2:]])
    return "" if component in settings and component not in OPEN else None


def _variable(graph: str, component: str, key: str) -> str:
    return SEPARATOR.join((graph, component.upper(), key.upper()))


def _joined(variable: str) -> str:
    return variable.replace(SEPARATOR, "_").upper()
