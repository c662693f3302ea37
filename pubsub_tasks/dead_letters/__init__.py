"""Dead letters: what they carry, how they are written, read, filtered and edited, and their way back."""
