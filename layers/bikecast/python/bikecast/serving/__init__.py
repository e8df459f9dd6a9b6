"""Answering predictions: contracts, the champion's follower, plan B and the prediction log."""
