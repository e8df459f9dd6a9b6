"""Cells as publishers write them: dates, numbers, quoted lines."""
