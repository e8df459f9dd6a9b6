"""Fixtures of the weather tests."""

from tests.real_data import real_data

__all__ = ["real_data"]
