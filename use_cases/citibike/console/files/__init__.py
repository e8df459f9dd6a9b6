"""Files of trips and weather: recognised, brought to the cloud, loaded, simulated."""
