"""Finds the uploaded trip files and groups them for the containers that count them."""
