"""The account of these tests."""

from tests.cli.doctor.account import account

__all__ = ["account"]
