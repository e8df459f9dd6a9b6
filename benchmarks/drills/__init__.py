"""Everything of an embedded cloud dies at a random moment; what is left must be the state before or after."""
