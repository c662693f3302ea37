"""Plans: what a marshmallow schema does to plain content, worked out once instead of at every message."""
