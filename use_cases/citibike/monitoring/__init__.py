"""How the hourly demand model is watched: its season, its level, its scores."""
