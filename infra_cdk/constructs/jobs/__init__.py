"""State machines, and the job's steps in them."""
