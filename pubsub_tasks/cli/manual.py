"""`pubsub-tasks manual`: shows a page of the manual in the terminal."""

import re
import sys
from difflib import get_close_matches
from importlib.resources import files

import click
from rich.console import Console
from rich.markdown import Markdown

SUFFIX = ".md"

MOST_NEAR = 3
"""How many near names an error shows."""

MISSPELT = 0.75
"""How similar (0 to 1) a misspelling is to the name of its page. Other words are looked up in headings."""

_LINK = re.compile(r"\[([^]]+)\]\((?:([\w-]+)\.md)?(?:#[\w-]+)?\)")
"""A link to a page of the manual, or to a heading of the same page."""


@click.command(name="manual")
@click.argument("page", required=False)
def command(page: str | None) -> None:
    """Show a page of the manual, or list the pages.

    \b
    pubsub-tasks manual
    pubsub-tasks manual worker
    pubsub-tasks manual tasks > tasks.md

    On a terminal the page is formatted and shown in a pager. Elsewhere its Markdown is printed as it is.
    """
    found = pages()
    if page is None:
        _list(found)
        return
    name = page.lower().removesuffix(SUFFIX)
    if name not in found:
        raise click.UsageError(_unknown(page, name, found))
    if not sys.stdout.isatty():
        click.echo(found[name], nl=False)
        return
    console = Console(force_terminal=True)
    with console.capture() as captured:
        console.print(Markdown(_LINK.sub(_readable, found[name]), hyperlinks=False))
    click.echo_via_pager(captured.get())


def pages() -> dict[str, str]:
    """The manual's pages in Markdown, by name, in alphabetical order."""
    folder = files(__package__.partition(".")[0]).joinpath("manual")
    found = {each.name: each for each in folder.iterdir() if each.name.endswith(SUFFIX)}
    return {name.removesuffix(SUFFIX): found[name].read_text(encoding="utf-8") for name in sorted(found)}


def title(text: str) -> str:
    """The title of a page: its first line, without the `#`."""
    return text.partition("\n")[0].removeprefix("# ")


def _readable(link: re.Match[str]) -> str:
    """A link's text and the name of its page, since a terminal follows neither pages nor headings."""
    text, page = link.groups()
    return text if page is None else f"{text} (`{page}`)"


def _list(found: dict[str, str]) -> None:
    width = max(map(len, found))
    for name, text in found.items():
        click.echo(f"{name:{width}}  {title(text)}")


def _unknown(page: str, name: str, found: dict[str, str]) -> str:
    near = get_close_matches(name, found, MOST_NEAR, MISSPELT) or [
        each for each in found if _is_about(name, each, found)
    ]
    question = f"; did you mean {' or '.join(near[:MOST_NEAR])}?" if near else "."
    return f"there is no page {page!r}{question} The pages are: {', '.join(found)}"


def _is_about(word: str, name: str, found: dict[str, str]) -> bool:
    """Whether a page has the word in its name or in a heading."""
    headings = [line.lower() for line in found[name].splitlines() if line.startswith("#")]
    return bool(word) and any(word in each for each in (name, *headings))
