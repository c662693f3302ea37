"""The shell of these tests."""

from tests.cli.provisioning.shop_shell import shell

__all__ = ["shell"]
