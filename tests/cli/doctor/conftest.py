"""The accounts of these tests."""

from tests.cli.doctor.account import account, app, broker

__all__ = ["account", "app", "broker"]
