"""Commands that print an error as one line, without usage or traceback."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from types import TracebackType
from typing import IO, Any

import click

from ..errors import PubSubTasksError, TransportError
from ..processes.exit_codes import BAD_INPUT, INCOMPLETE, INTERRUPTED
from ..wire.records import INTERVENTION_CODES

PACKAGE = __name__.partition(".")[0]


class OneLineCommand(click.Command):
    """A command that prints each error as one line.

    It exits with 2, with 1 if the service did not answer, and with 130 after Ctrl-C.
    """

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        with _in_one_line(info_name or ""):
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with _in_one_line(ctx.command_path, debug=bool(ctx.params.get("debug"))):
            return super().invoke(ctx)


class OneLineGroup(OneLineCommand, click.Group):
    """A group that does the same for its commands, and names those that a misspelt one may mean."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = click.utils.make_str(args[0])
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            near = get_close_matches(name, self.list_commands(ctx), 1)
            advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(self.list_commands(ctx))}"
            ctx.fail(f"no such command: {name!r}; {advice}")
        return super().resolve_command(ctx, args)


class _OneLineError(click.ClickException):
    exit_code = BAD_INPUT

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self.message, file=file, err=True)


class _ServiceError(_OneLineError):
    exit_code = INCOMPLETE


class _Interrupted(_OneLineError):
    exit_code = INTERRUPTED


@contextmanager
def _in_one_line(path: str, *, debug: bool = False) -> Iterator[None]:
    try:
        yield
    except _NO_ARGUMENTS:
        raise
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else path
        raise _OneLineError(_line(path, error.format_message())) from error
    except KeyboardInterrupt as interrupt:
        raise _Interrupted(_line(path, "interrupted")) from interrupt
    except TransportError as error:
        kind = _OneLineError if error.code in INTERVENTION_CODES else _ServiceError
        raise kind(_line(path, str(error))) from error
    except PubSubTasksError as error:
        if debug and error.__cause__ is not None:
            click.echo(_traceback(error.__cause__), err=True)
        raise _OneLineError(_line(path, str(error))) from error


def _traceback(error: BaseException) -> str:
    """The traceback, without the frames of this package and of importlib that lead to the app's module."""
    trace = error.__traceback__
    while trace is not None and _leads_to_app(trace):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace or error.__traceback__)).rstrip()


def _leads_to_app(trace: TracebackType) -> bool:
    name = str(trace.tb_frame.f_globals.get("__name__")).partition(".")[0]
    return name in ("importlib", "_frozen_importlib", "_frozen_importlib_external", PACKAGE)


def _line(path: str, text: str) -> str:
    return f"{path}: {' '.join(text.split())}"


_NO_ARGUMENTS: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""Raised from click 8.2 on by a group without arguments, which prints its help."""
