"""The monitor of use cases whose rows stand alone: declared inputs against the frozen training sample."""
