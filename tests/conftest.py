"""Fixtures that any test may ask for; each starts only when asked."""

from tests.postgres import database, postgres

__all__ = ["database", "postgres"]
