"""Where each second of a loop goes."""
