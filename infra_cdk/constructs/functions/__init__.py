"""Functions, and what they are made of: layers, images, log group, role, network."""
