"""What is measured of a window: the 27 columns, scores, quality."""
