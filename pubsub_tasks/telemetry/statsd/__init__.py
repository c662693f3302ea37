"""Sends metrics to StatsD and Datadog."""
