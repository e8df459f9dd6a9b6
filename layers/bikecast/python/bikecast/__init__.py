"""Hourly bike demand: one definition of features, judgement and contracts, shared by every deployable."""

__version__ = "0.1.0"
