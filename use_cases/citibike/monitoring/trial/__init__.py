"""The monitor tried on simulated cities."""
