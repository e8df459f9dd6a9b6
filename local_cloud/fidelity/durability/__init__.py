"""What was acknowledged is still there after a crash."""
