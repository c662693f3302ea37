"""The shell of these tests."""

from tests.cli.messages.shell import shell

__all__ = ["shell"]
