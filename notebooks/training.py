# %% [markdown]
# # Training
#
# The champion, its errors on the holdout beside the baselines, and what the gate decided.

# %%
import matplotlib.pyplot as plt
import pandas as pd

from console.cloud.champions import holdout_facts, read_champion, score_rows
from console.cloud.session import find_cloud
from console.training.decisions import decision_row, read_decisions

cloud = find_cloud()
champion = read_champion(cloud)
pd.set_option("display.width", 120)
print("It learned from SIMULATED data." if champion.simulated else "It learned from real data.")
print(f"Champion: version {champion.version}. {holdout_facts(champion)}")

# %%
scores = pd.DataFrame(score_rows(champion))
scores

# %%
scores.set_index(scores.columns[0])["RMSE"].astype(float).plot.barh(
    figsize=(8, 2.5), xlabel="RMSE, trips per hour"
)
plt.show()

# %% [markdown]
# A challenger is promoted only if it is significantly better; each decision says why.

# %%
for record in read_decisions(cloud, limit=5):
    row = decision_row(record)
    print(f"{row['at']}  version {row['challenger']}: {row['decision']}\n  {row['reason']}")
