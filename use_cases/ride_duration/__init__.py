"""How many minutes a bike ride will take."""
