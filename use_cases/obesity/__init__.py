"""The weight class of a person, from habits and measures."""
