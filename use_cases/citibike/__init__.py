"""Trips that start in New York in an hour."""
