"""What is known when a ride begins: bike, rider, start, and where the rider means to go.

Published rides say where a ride ended, which stands for where it was to go. When it ended is the answer.
"""

from bikecast.use_case import Category, Input, Moment, Number, Text

TARGET = "minutes"
SHORTEST_MINUTES, LONGEST_MINUTES = 1, 180
_LATITUDE, _LONGITUDE = Number(38.5, 39.5), Number(-77.8, -76.5)

INPUTS = (
    Input("ride_id", "Identity of the ride", Text(), optional=True, watched=False),
    Input("rideable_type", "Kind of bike", Category(("classic_bike", "electric_bike", "docked_bike"))),
    Input("started_at", "When the ride begins", Moment()),
    Input("start_lat", "Latitude of the start", _LATITUDE, unit="degrees"),
    Input("start_lng", "Longitude of the start", _LONGITUDE, unit="degrees"),
    Input("end_lat", "Latitude of the destination", _LATITUDE, unit="degrees"),
    Input("end_lng", "Longitude of the destination", _LONGITUDE, unit="degrees"),
    Input("member_casual", "Whether the rider is a member or a casual rider", Category(("member", "casual"))),
)
