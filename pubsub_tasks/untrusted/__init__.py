"""Checks and safe printing of text, exceptions, host names and queue names that come from outside."""
