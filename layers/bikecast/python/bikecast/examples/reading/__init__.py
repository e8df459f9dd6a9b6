"""Files as people have them: what they hold, row by row, judged against the declaration."""
