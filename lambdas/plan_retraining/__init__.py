"""Checks a request for retraining and lays out its tuning workers."""
