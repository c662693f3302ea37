"""The queues of the local broker: standard and FIFO, redrive policies and move tasks."""
