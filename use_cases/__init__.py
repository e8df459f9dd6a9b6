"""What is predicted: one folder a use case, each with its declaration in ``use_case.py``."""
