"""What LocalStack's open release lacks without Docker, or at all, made of processes of this machine."""
