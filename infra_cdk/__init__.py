"""The stacks: what is deployed, on every target, from one set of names."""
