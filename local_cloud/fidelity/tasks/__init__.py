"""Containers' tasks: role, secrets, stop and time limits."""
