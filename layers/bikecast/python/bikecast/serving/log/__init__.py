"""The prediction log: rows that are sent after the answer, captured, and kept."""
