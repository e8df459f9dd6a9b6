"""One small module for each group of commands: parse, one call, show."""
