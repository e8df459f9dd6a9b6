"""What ships beside a function's own code: the shared package, and one third-party set per kind of function."""
