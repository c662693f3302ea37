"""Metrics of workers and publishers, aggregated in memory and served to Prometheus."""
