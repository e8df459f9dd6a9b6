"""Retraining of declared use cases: freeze, search, fit, judge."""
