"""Where real data sets lie, which are not part of the project: tests that need one skip without it."""

import os
from pathlib import Path

DATA = Path(os.environ.get("PERMAPS_DATA", Path(__file__).parents[3] / "shared/data"))
