"""The worker: runs the job's steps on this machine, where they are not containers."""
