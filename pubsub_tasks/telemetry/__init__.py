"""Logs, health checks and recent activity of a worker."""
