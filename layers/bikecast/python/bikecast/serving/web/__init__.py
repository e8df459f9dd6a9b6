"""HTTP: the application, what a request must satisfy, problems, headers, status."""
