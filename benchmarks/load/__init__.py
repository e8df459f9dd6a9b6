"""The deployed API under fire while what it stands on is changed, restarted and taken away."""
