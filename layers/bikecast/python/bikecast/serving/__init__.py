"""Answering predictions: contracts, the champion's follower, fallbacks and the prediction log."""
