"""The predictor's function."""
