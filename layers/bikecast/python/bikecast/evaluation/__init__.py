"""Judging, for any use case: splits, metrics, baselines, what is done after the model, and the gate."""
