"""Plots of a model and of its holdout."""

import numpy as np
from matplotlib.figure import Figure

from bikecast.arrays import Matrix
from bikecast.families import Fitted
from bikecast.families.contributions import contributions
from use_cases.citibike import segments
from use_cases.citibike.model.backtest import Sample
from use_cases.citibike.training.figures import FAINT, INK, png
from use_cases.citibike.training.judgement import Forecasts
from use_cases.citibike.training.shap_plot import draw_shap

WEEK_H = 168
SHAP_ROWS = 40  # exact values cost rows x trees x leaves; a hundredth of a second each on deep ones


def draw_model(fitted: Fitted, features: Matrix) -> dict[str, bytes]:
    """Return PNG files by name: importance, and SHAP values of every member whose library tells them."""
    some = features[np.linspace(0, len(features) - 1, SHAP_ROWS).astype(int)]
    values = contributions(fitted, some)
    shap = {f"shap_{name}.png": draw_shap(some, each, name=name) for name, each in values.items()}
    return {"importance.png": _importance(fitted.importance()), **shap}


def draw_forecasts(sample: Sample, forecasts: Forecasts) -> dict[str, bytes]:
    """Return PNG files by name: forecasts of the judged hours beside what happened."""
    return {
        "predicted_by_week.png": _weeks(sample, forecasts),
        "residuals_by_hour.png": _residuals(sample, forecasts),
        "coverage.png": _coverage(sample, forecasts),
    }


def _weeks(sample: Sample, forecasts: Forecasts) -> bytes:
    """The last four weeks, one below the other."""
    shown = min(4, max(1, sample.hours.size // WEEK_H))
    figure = Figure(figsize=(10, 2.2 * shown), layout="constrained")
    axes = np.atleast_1d(figure.subplots(shown, 1))
    for number, axis in enumerate(axes):
        rows = slice(-(shown - number) * WEEK_H, -(shown - number - 1) * WEEK_H or None)
        hours = sample.hours[rows].astype("datetime64[s]").astype(object)
        axis.fill_between(hours, forecasts.low[rows], forecasts.high[rows], color=FAINT, alpha=0.5, lw=0)
        axis.plot(hours, forecasts.values[rows], color=INK, lw=1.2, label="predicted, 90 % interval")
        axis.plot(hours, sample.actual[rows], color="black", lw=0.9, label="actual")
    axes[0].legend(loc="upper left", fontsize=8)
    figure.supylabel("trips per hour")
    return png(figure)


def _residuals(sample: Sample, forecasts: Forecasts) -> bytes:
    hour = segments.column(sample.features, "hour")
    errors = [(forecasts.values - sample.actual)[hour == h] for h in range(24)]
    figure = Figure(figsize=(9, 4), layout="constrained")
    axis = figure.subplots()
    axis.boxplot(errors, positions=range(24), widths=0.6, showfliers=False)
    axis.axhline(0, color="black", lw=0.8)
    axis.set(xlabel="hour of the day", ylabel="predicted - actual, trips")
    return png(figure)


def _importance(importance: dict[str, float]) -> bytes:
    ordered = sorted(importance.items(), key=lambda pair: pair[1])
    figure = Figure(figsize=(6, 6), layout="constrained")
    axis = figure.subplots()
    axis.barh([name for name, _ in ordered], [share for _, share in ordered], color=INK)
    axis.set(xlabel="share of what the model explains")
    return png(figure)


def _coverage(sample: Sample, forecasts: Forecasts) -> bytes:
    inside = (sample.actual >= forecasts.low) & (sample.actual <= forecasts.high)
    masks = segments.masks(sample.features, sample.hours)
    names = list(masks)
    figure = Figure(figsize=(7, 5), layout="constrained")
    axis = figure.subplots()
    axis.barh(names, [float(inside[masks[name]].mean()) for name in names], color=INK)
    axis.axvline(0.9, color="black", lw=0.8)
    axis.set(xlabel="share of hours inside the 90 % interval", xlim=(0, 1))
    return png(figure)
