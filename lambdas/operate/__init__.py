"""The operations API: trainings and monitoring reads, with rights of their own."""
