"""What is known of a ride when it has ended and before it is paid, as the city publishes it."""

from bikecast.use_case import Category, Input, Moment, Number

OTHER, CASH = "other", "cash"
CLASSES = (OTHER, CASH)
TARGET = "payment"
PICKUP, DROPOFF = "lpep_pickup_datetime", "lpep_dropoff_datetime"
ZONES = tuple(str(number) for number in range(1, 266))
# One published meter counted 244,152 miles; everything else stays below 1,000.
MOST_MILES = 250_000
KEY = ("VendorID", PICKUP, DROPOFF, "PULocationID", "DOLocationID")


def _amount(name: str, meaning: str) -> Input:
    return Input(name, meaning, Number(0, 500), unit="USD", optional=True)


INPUTS = (
    Input(
        "VendorID",
        "Provider of the meter's records: 1 or 2",
        Category(("1", "2")),
        optional=True,
        watched=False,
    ),
    Input(PICKUP, "When the meter was engaged", Moment()),
    Input(DROPOFF, "When the meter was disengaged", Moment()),
    Input("PULocationID", "Taxi zone of the start, 1 to 265", Category(ZONES)),
    Input("DOLocationID", "Taxi zone of the end, 1 to 265", Category(ZONES)),
    Input("RatecodeID", "Rate code, 1 for the standard rate", Category(tuple("123456")), optional=True),
    Input("trip_type", "1 for a street hail, 2 for a dispatch", Category(("1", "2")), optional=True),
    Input(
        "passenger_count", "Passengers, as the driver entered them", Number(0, 9, integer=True), optional=True
    ),
    Input("trip_distance", "Distance by the meter", Number(0.01, MOST_MILES), unit="miles"),
    Input("fare_amount", "Fare by time and distance", Number(0.01, 1_000), unit="USD"),
    _amount("congestion_surcharge", "Congestion surcharge"),
    _amount("extra", "Rush-hour and overnight extras"),
    _amount("tolls_amount", "Tolls"),
    _amount("mta_tax", "Tax of the transport authority"),
    _amount("improvement_surcharge", "Improvement surcharge"),
)
