"""Executions of state machines: end, resumption, and what the role allows."""
