"""Formats of messages that others read or write, between a record and a delivery or an encoded body."""
