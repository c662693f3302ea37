"""Telemetry: observers that tell the world what happened. They watch, and change nothing."""
