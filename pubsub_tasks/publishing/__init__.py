"""Publishing: prepares messages from content and sends them to topics, queues and schedules."""
