"""Evidently: its report, the pages that people open, and where they are stored."""
