"""One stack per concern, wired in ``infra_cdk.application``."""
