"""Editing: letters in $EDITOR, one after the other, each checked by the app's schemas before it may go."""

from collections.abc import Iterator, Sequence

import click

from ...content.schema_registry import SchemaRegistry
from ...dead_letters.edits import check, editable, edited
from ...dead_letters.letter import Letter
from ...errors import MessageError, UnknownMediaType
from .environment import CommandEnvironment, say


def edit_all(
    world: CommandEnvironment, letters: Sequence[Letter], schemas: SchemaRegistry
) -> Iterator[tuple[Letter, str]]:
    """Each letter with its new body. One that was not saved, or never became valid, is left out."""
    for letter in letters:
        body = _edit(world, letter, schemas)
        if body is None:
            say(f"{letter.id} stays as it is", err=True)
        else:
            yield letter, body


def _edit(world: CommandEnvironment, letter: Letter, schemas: SchemaRegistry) -> str | None:
    text = editable(letter.record.body)
    while True:
        changed = click.edit(text, extension=".json")
        if changed is None:
            return None
        body = edited(letter.record.body, changed)
        try:
            check(letter.record, body, schemas)
        except (MessageError, UnknownMediaType) as error:
            say(f"{letter.id}: {error}", err=True)
            if not (world.can_ask() and click.confirm("edit it again?", default=True, err=True)):
                return None
            text = changed
        else:
            return body
