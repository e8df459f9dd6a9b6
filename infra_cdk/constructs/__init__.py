"""Types with our defaults baked in; the stacks only wire them."""
