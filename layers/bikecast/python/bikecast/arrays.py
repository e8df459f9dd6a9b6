"""Array types of the shared package."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Matrix = NDArray[np.float32]  # rows of features, columns as FEATURE_NAMES
Hours = NDArray[np.datetime64]  # naive New York wall time
