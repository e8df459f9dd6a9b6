"""The function that judges windows of predictions and data."""
