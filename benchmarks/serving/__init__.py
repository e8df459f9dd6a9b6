"""How fast the predictor is, beside the servers it replaces and the floor below all of them."""
