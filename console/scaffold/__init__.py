"""A first declaration of a use case, written from a file of its rows."""
