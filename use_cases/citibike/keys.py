"""Keys of what only hourly demand has, in the data and serving buckets."""

from bikecast.names import Prefix

# Everything else under raw/ is trips.
RAW_WEATHER_PREFIX = f"{Prefix.RAW}weather/"
# Files that `bikecast outlook` uploads: they never train, however old they are.
FORECAST_PREFIX = f"{RAW_WEATHER_PREFIX}forecasts/"


def citibike_key(year: int) -> str:
    """Key of one year's hourly demand table in the data bucket."""
    return f"{Prefix.PROCESSED_CITIBIKE}{year}-citibike-tripdata.parquet"


def weather_key(year: int) -> str:
    """Key of one year's daily weather table in the data bucket."""
    return f"{Prefix.PROCESSED_WEATHER}{year}-weather.parquet"


LATEST_LOAD_REPORT_KEY = f"{Prefix.LOAD_REPORTS}latest.json"
WEATHER_OUTLOOK_KEY = "weather/outlook.json"  # in the serving bucket
