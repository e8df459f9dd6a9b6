"""Functions: their process, files, credentials, errors and metrics, as AWS gives them."""
