"""The user interfaces beside the embedded cloud: other people's servers, behind a guard of ours."""
