"""How the hourly model learns, is judged beside the day's, and what of it is handed to the next step."""
