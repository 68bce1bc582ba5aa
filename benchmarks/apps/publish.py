"""Sends the task `nothing` of a module: publish.py MODULE TASKS"""

from __future__ import annotations

import sys
from importlib import import_module

from order import ORDER

nothing = import_module(sys.argv[1]).nothing
for _ in range(int(sys.argv[2])):
    nothing.delay(ORDER)
