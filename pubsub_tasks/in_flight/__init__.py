"""All messages in flight: credit, start and settling order, visibility leases and settlements. No I/O."""
