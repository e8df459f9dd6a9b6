"""What a monitor's trial of itself showed: shifts found and missed, and alarms for nothing."""

from pydantic import BaseModel, ConfigDict, Field

NOTHING = "nothing"


class Trial(BaseModel):
    """One shift at one window size with one seed."""

    model_config = ConfigDict(frozen=True)

    shift: str
    rows_a_window: int
    seed: int
    found: bool
    windows_needed: int | None = Field(None, description="Windows until the incident was opened.")
    by: list[str] = Field(default_factory=list, description="Scores that alarmed, worst first, with method.")
    times_over_limit: float = 0.0


class SelfTest(BaseModel):
    """How many of the injected shifts were found, and how often it alarmed for nothing."""

    model_config = ConfigDict(frozen=True)

    injected: int
    found: int
    missed: int
    false_alarms: int
    null_trials: int
    allowed_false_alarms: float = Field(0.0, description="Those that the stated rate allows in the trials.")
    within_windows: int
    rows: list[Trial]

    @property
    def passed(self) -> bool:
        """Whether every shift was found and no more alarms came for nothing than are allowed."""
        return not self.missed and self.false_alarms <= self.allowed_false_alarms
