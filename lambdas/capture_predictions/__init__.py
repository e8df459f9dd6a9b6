"""The function that writes logged predictions to Postgres."""
