"""Hourly Citi Bike demand in New York."""
