"""What people look at and hear of: alarms, dashboard, notifications."""
