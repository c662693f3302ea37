"""What is measured of queues and workers: samples, the last hour of them, rows and charts."""
