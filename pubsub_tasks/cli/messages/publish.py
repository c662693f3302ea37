"""The `pubsub-tasks publish` command: validates messages and publishes them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import click

from ...cli import find_app
from ...content.codec import Codec
from ...content.content_reader import ContentReader
from ...errors import ConfigurationError, InvalidContent
from ...tasks.publishable import Publishable
from ...tasks.registry import Tasks
from ..number_ranges import WholeRange
from ..one_line_errors import OneLineCommand
from ..output.terminal import print_line
from ..provisioning.common_options import app_option
from .given_content import is_assignment, parse_assignments, read_document
from .publish_file import STDIN, FileRun


@click.command(name="publish", cls=OneLineCommand)
@click.argument("media_type")
@click.argument("given", nargs=-1, metavar="[FIELD=VALUE]... | FILE.jsonl")
@app_option
@click.option(
    "--json",
    "document",
    type=click.File("rb"),
    metavar="FILE",
    help="Take the content from a file with one JSON object; - for standard input.",
)
@click.option("--group-id", metavar="ID", help="Message group; needed on a FIFO topic.")
@click.option(
    "--header", "headers", multiple=True, metavar="NAME=VALUE", help="Add a header. May be repeated."
)
@click.option(
    "--from-line", type=WholeRange(1), default=1, metavar="N", help="Begin at this line of the file."
)
@click.option(
    "--failures",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Where to write the lines that failed; FILE.failed.jsonl by default.",
)
@click.option("--dry-run", is_flag=True, help="Validate only, and publish nothing.")
def command(
    media_type: str,
    given: Sequence[str],
    app: str | None,
    document: BinaryIO | None,
    group_id: str | None,
    headers: Sequence[str],
    from_line: int,
    failures: str | None,
    dry_run: bool,
) -> None:
    """Validate content and publish it to the topic of its media type.

    \b
    pubsub-tasks publish application/vnd.shop.pubsub._.created.order order_id=7 total=9.99 --app shop.tasks
    pubsub-tasks publish application/vnd.shop.pubsub._.created.order orders.jsonl --app shop.tasks

    VALUE is text that the schema reads; FIELD:=VALUE is JSON. A file has one JSON object a line. Lines that
    cannot be published are written to another file, each with its number and the reason; the others are
    published. A run that ends early says at which line to go on with --from-line.
    """
    found = find_app.find(app)
    tasks = found.tasks
    reader = ContentReader(tasks.codec(media_type))
    graph = found.graph({}, testing=False, debug=False)
    target = _target(tasks, media_type).options(**_options(headers, group_id))
    path = _file(given, document)
    if path is None:
        content = read_document(document) if document else parse_assignments(given)
        with _hint_at_similar(tasks, media_type):
            _publish_one(graph, target, reader, content, dry_run)
        return
    run = FileRun(path, from_line, failures)
    if dry_run:
        run.publish(reader, _check(reader.codec), past="validated")
        return
    graph.use("sns_producer")
    run.publish(reader, target.publish_many, ordered=_is_fifo(graph, media_type))


@contextmanager
def _hint_at_similar(tasks: Tasks, media_type: str) -> Iterator[None]:
    """Name similar media types too if content does not suit one that no schema declares.

    A misspelt media type may be read by a convention, whose complaint alone would mislead.
    """
    try:
        yield
    except InvalidContent as error:
        if tasks.schemas.declares(media_type):
            raise
        raise ConfigurationError(f"{tasks.schemas.unknown(media_type)} (by convention, {error})") from error


def _target(tasks: Tasks, media_type: str) -> Publishable:
    """Publishes as the app's task for the media type does, so in its message groups; else by the schema."""
    return next((task for task in tasks if task.media_type == media_type), tasks.publishable(media_type))


def _options(headers: Sequence[str], group_id: str | None) -> dict[str, Any]:
    wrong = [each for each in headers if not each.partition("=")[0] or "=" not in each]
    if wrong:
        raise click.UsageError(f"--header {wrong[0]!r}: write NAME=VALUE")
    options: dict[str, Any] = {}
    if headers:
        options["headers"] = dict(each.split("=", 1) for each in headers)
    if group_id is not None:
        options["group_id"] = group_id
    return options


def _file(given: Sequence[str], document: BinaryIO | None) -> str | None:
    """The file with lines to publish, or None for one message."""
    if document is not None:
        if given:
            raise click.UsageError("--json has the whole content: leave out fields and files")
        return None
    if len(given) == 1 and (given[0] == STDIN or Path(given[0]).is_file()):
        return given[0]
    if len(given) == 1 and not is_assignment(given[0]):
        raise click.UsageError(f"{given[0]!r} is neither a file nor field=value")
    return None


def _is_fifo(graph: Any, media_type: str) -> bool:
    return bool(graph.sns_topic_arns.arn(media_type).endswith(".fifo"))


def _publish_one(graph: Any, target: Publishable, reader: ContentReader, fields: Any, dry_run: bool) -> None:
    content = reader.read(fields)
    if dry_run:
        reader.codec.check(content)
        print_line("valid")
        return
    graph.use("sns_producer")
    is_named = isinstance(content, dict)
    print_line(target.publish(**content) if is_named else target.publish(content))


def _check(codec: Codec) -> Callable[[list[Any]], object]:
    return lambda contents: [codec.check(content) for content in contents]
