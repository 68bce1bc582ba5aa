"""Run one task here, in the foreground: `python -m app.call TASK JSON`."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from kombu.utils.json import dumps

from app.celery_app import app
from app.core.errors import InvalidArguments, PermanentError, TransientError


def main() -> int:
    """Run the task of the command line and print its result as JSON."""
    app.finalize()
    parser = argparse.ArgumentParser(prog="python -m app.call", description=__doc__)
    parser.add_argument("task", metavar="TASK", choices=_task_names(), help=_help())
    parser.add_argument(
        "arguments", metavar="JSON", nargs="?", default="{}", type=_arguments, help="its arguments"
    )
    options = parser.parse_args()
    try:
        result = app.tasks[options.task](**options.arguments)
    except InvalidArguments as error:
        parser.error(str(error))
    except (PermanentError, TransientError) as error:
        parser.exit(1, f"{options.task} failed: {error}\n")
    print(dumps(result, indent=2))
    return 0


def _task_names() -> list[str]:
    return sorted(name for name in app.tasks if not name.startswith("celery."))


def _help() -> str:
    return "one of: " + ", ".join(_task_names())


def _arguments(text: str) -> dict[str, Any]:
    try:
        arguments = json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"not JSON: {error}") from None
    if not isinstance(arguments, dict):
        raise argparse.ArgumentTypeError('an object is needed, for example {"name": "value"}')
    return arguments


if __name__ == "__main__":
    sys.exit(main())
