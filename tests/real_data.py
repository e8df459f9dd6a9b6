"""Published files to measure against; the project needs none of them."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def real_data() -> Path:
    """Return the folder of published files, or skip."""
    folder = os.environ.get("BIKECAST_REAL_DATA")
    if not folder:
        pytest.skip("set BIKECAST_REAL_DATA to a folder of published files to run this test")
    return Path(folder)
