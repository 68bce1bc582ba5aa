"""Add a task type: `make add-task NAME=invoices`."""

from __future__ import annotations

import sys

from dev.growth import add


def main() -> None:
    """Add the task type of the command line.

    Raises:
        SystemExit: when it has no name.
    """
    name = sys.argv[1]
    if not name:
        raise SystemExit("Name the task type: make add-task NAME=invoices")
    add("task_types", name)


if __name__ == "__main__":
    main()
