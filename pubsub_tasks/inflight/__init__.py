"""All messages in flight: credit, order, leases and settlements. No I/O."""
