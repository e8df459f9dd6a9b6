"""Whether a green-taxi ride is paid in cash."""
