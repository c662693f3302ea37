"""Batch calls of up to ten entries: which entries go together, which are retried, and when."""
