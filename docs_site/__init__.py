"""The documentation as a site: pages as they are written, and references made from the code."""
