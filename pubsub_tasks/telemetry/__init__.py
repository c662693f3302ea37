"""Logs, metrics, traces, error reports, health checks and recent activity."""
