"""`redrive --edit`: opens each letter in $EDITOR and checks the result against the app's schemas."""

from collections.abc import Iterator, Sequence

import click

from ...content.schema_registry import SchemaRegistry
from ...dead_letters.edits import apply_edit, check, editable_text
from ...dead_letters.letter_view import Letter
from ...errors import MessageError, UnknownMediaType
from ..output.terminal import print_line
from .environment import CommandEnvironment


def edit_letters(
    environment: CommandEnvironment, letters: Sequence[Letter], schemas: SchemaRegistry
) -> Iterator[tuple[Letter, str]]:
    """Open letters one after the other; yields each with its new body.

    A letter whose edit is not saved, or stays invalid, is left out.
    """
    for letter in letters:
        body = _edit(environment, letter, schemas)
        if body is None:
            print_line(f"{letter.id} is not edited and stays in the queue", err=True)
        else:
            yield letter, body


def _edit(environment: CommandEnvironment, letter: Letter, schemas: SchemaRegistry) -> str | None:
    text = editable_text(letter.record.body)
    while True:
        changed = click.edit(text, extension=".json")
        if changed is None:
            return None
        body = apply_edit(letter.record.body, changed)
        try:
            check(letter.record, body, schemas)
        except (MessageError, UnknownMediaType) as error:
            print_line(f"{letter.id}: {error}", err=True)
            if not (environment.can_prompt() and click.confirm("edit it again?", default=True, err=True)):
                return None
            text = changed
        else:
            return body
