"""The 27 columns of ``citibike_metrics``, under the names that dashboards of the predecessor project know."""

TWO_SIDED = (
    "r2_score",
    "rmse_score",
    "mae_score",
    "mean_error",
    "abs_error_max",
    "mean_abs_perc_error",
    "error_std",
    "abs_error_std",
    "abs_perc_error_std",
)
TAILS = ("underperformance", "underestimation", "overestimation")
TAIL_COLUMNS = tuple(f"{name}_{part}_error" for name in TAILS for part in ("mean", "std"))
DATASET_COLUMNS = ("prediction_drift", "num_drifted_columns", "share_missing_values")
METRIC_COLUMNS = (
    *DATASET_COLUMNS,
    *(f"{name}_{side}" for side in ("current", "reference") for name in TWO_SIDED),
    *TAIL_COLUMNS,
)
# The predecessor stored the reference's tails as if they were the window's; here each side has its own.
EXTRA_COLUMNS = tuple(f"{name}_reference" for name in TAIL_COLUMNS)
