"""What a person may choose of the demo."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DemoOptions:
    """What a person may choose."""

    data: Path | None = None
    trials: int = 12
    workers: int = 2
    weeks: int = 6
    replace_simulated: bool = False
