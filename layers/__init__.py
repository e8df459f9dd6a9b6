"""What ships beside a function: the shared package, and one third-party set per kind of function."""
