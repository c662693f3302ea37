"""Working with dead letters: which are meant, what they tell, and their way back, out or away."""
