"""The prediction API of declared use cases: checked rows in, answers out, everything logged."""
