"""MLflow's and Evidently's user interfaces beside the embedded cloud, behind a guard."""
