"""What was found: verdicts, incidents, and their summary for the dashboard."""
