"""The pages of the dashboard, one file for each entry of its menu."""
