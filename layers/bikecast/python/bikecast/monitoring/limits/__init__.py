"""How much change is too much: learnt from history, and tried by injected shifts."""
