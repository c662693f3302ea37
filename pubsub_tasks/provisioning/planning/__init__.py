"""From what is wanted and what stands to ordered steps. No I/O."""
