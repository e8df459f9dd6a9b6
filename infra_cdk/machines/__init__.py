"""Definitions of the state machines; a state's name is what people see in the execution's history."""
