"""The emulator's process: installed, started and asked whether it answers."""

from local_cloud.emulator.install import function_python, install
from local_cloud.emulator.launch import answers, fingerprint, start

__all__ = ["answers", "fingerprint", "function_python", "install", "start"]
