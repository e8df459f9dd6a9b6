"""A first declaration from a file."""
