# %% [markdown]
# # Exploration
#
# What the tables of `citibike` in the deployed data bucket hold: demand by hour and weekday, and its weather.

# %%
import matplotlib.pyplot as plt
import pandas as pd

from bikecast.names import SIMULATED_MARKER_KEY, Prefix
from bikecast.yearly import read_parquet
from console.cloud.session import find_cloud
from console.cloud.stores import data_store

store = data_store(find_cloud())
simulated = SIMULATED_MARKER_KEY in set(store.keys(Prefix.RAW))
print("The data are SIMULATED." if simulated else "The data are real.")


# %%
def table(prefix: str) -> pd.DataFrame:
    """Return all years of a table."""
    years = (read_parquet(store, key) for key in store.keys(prefix) if key.endswith(".parquet"))
    return pd.concat([year for year in years if year is not None], ignore_index=True)


hourly, weather = table(Prefix.PROCESSED_CITIBIKE), table(Prefix.PROCESSED_WEATHER)
print(f"{len(hourly)} hours, {hourly['date'].min():%Y-%m-%d} to {hourly['date'].max():%Y-%m-%d}")
hourly.describe().round(1)

# %% [markdown]
# Demand has the shape of commuting on working days, and one wide hump on weekends.

# %%
weekend = hourly["date"].dt.dayofweek >= 5
profile = hourly.groupby([weekend.map({True: "weekend", False: "working week"}), "hour"])["trips"].mean()
profile.unstack(0).plot(xlabel="hour of the day", ylabel="trips per hour", figsize=(8, 3))
plt.show()

# %% [markdown]
# Days by temperature: how much demand follows the weather.

# %%
days = hourly.groupby("date")["trips"].sum().rename("trips").to_frame().join(weather.set_index("DATE"))
days.plot.scatter(
    x="TMAX", y="trips", s=6, xlabel="highest temperature, °F", ylabel="trips per day", figsize=(8, 3)
)
plt.show()
days[["trips", "TMAX", "TMIN", "SNOW"]].corr().round(2)
