"""Shared style of the evaluation plots: two colours and a format."""

import io

from matplotlib.figure import Figure

INK, FAINT = "#1f4e79", "#9db8d2"


def png(figure: Figure) -> bytes:
    """Return the figure as a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    return buffer.getvalue()
