"""Our search against the predecessor's."""
