# %% [markdown]
# # Monitoring
#
# What the monitor found: windows with their verdicts, and incidents.

# %%
import matplotlib.pyplot as plt
import pandas as pd

from console.cloud.champions import read_champion
from console.cloud.session import find_cloud
from console.monitoring.monitor import incident_row, read_summary

cloud = find_cloud()
summary = read_summary(cloud)
pd.set_option("display.width", 120)
print("The champion learned from SIMULATED data." if read_champion(cloud).simulated else "The data are real.")
windows = pd.DataFrame(summary["windows"])
print(f"{len(windows)} windows; verdicts: {windows['verdict'].value_counts().to_dict()}")

# %%
shown = [name for name in ("window_start", "verdict", "rmse", "wape", "reasons") if name in windows]
windows[shown]

# %%
named = {name.lower(): name for name in windows.columns}
column = next(named[name] for name in ("wape", "rmse", "rmse_score_current") if name in named)
ordered = windows.sort_values("window_start")
starts = pd.to_datetime(ordered["window_start"])
plt.figure(figsize=(8, 3))
plt.plot(starts, ordered[column].astype(float), marker="o")
plt.ylabel(column)
plt.gcf().autofmt_xdate()
plt.show()

# %%
incidents = [incident_row(each) for each in summary.get("incidents", [])]
pd.DataFrame(incidents) if incidents else "no incident"
