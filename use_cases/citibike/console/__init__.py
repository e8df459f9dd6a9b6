"""What the command line does for hourly demand alone: its files, weather, period and hours."""
