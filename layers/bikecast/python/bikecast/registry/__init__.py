"""The champion and its history: manifest, champion store, decision records, automation switch."""
