"""Trees, boosted or not, and how a table of them becomes a graph."""
