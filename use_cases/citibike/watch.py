"""How hourly demand is watched."""

from use_cases.citibike.monitoring.watch import WATCH

__all__ = ["WATCH"]
