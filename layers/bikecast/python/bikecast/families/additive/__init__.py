"""Sums of curves: linear and Poisson regression, the explainable boosting machine."""
