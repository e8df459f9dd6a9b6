"""Tables as people have them, read by what they hold: encodings, separators, headers, marks and dates."""
