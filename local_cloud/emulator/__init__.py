"""The emulator's process: installed, started and asked whether it answers."""

from local_cloud.emulator.install import function_python, install
from local_cloud.emulator.launch import answers, start

__all__ = ["answers", "function_python", "install", "start"]
