"""Copies the template twice, and prints how long the second copy took: `python -m` at the root."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tests.harness import hurry_copier, render

_, folder, answers, way = sys.argv
if way == "compiled":
    hurry_copier()
render(Path(folder, "first"), json.loads(answers))
start = time.perf_counter()
render(Path(folder, "second"), json.loads(answers))
print(time.perf_counter() - start)
