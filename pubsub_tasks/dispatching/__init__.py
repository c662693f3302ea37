"""From a received delivery to its verdict: what to call, and what becomes of the message. No I/O."""
