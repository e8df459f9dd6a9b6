"""Hourly weather, observed and as it was forecast: its table, its features and the model that takes it."""
