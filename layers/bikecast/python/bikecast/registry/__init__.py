"""What serves and what served: champion manifest, history, decision records, automation switch."""
