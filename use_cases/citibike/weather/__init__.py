"""Daily and hourly weather from providers and files, in °F, inch and mph, with the time it was known."""
