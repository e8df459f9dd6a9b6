"""What a retraining on hourly demand may be asked for."""

from bikecast.requests import HourlyRequest

REQUEST = HourlyRequest
