"""Starts a worker or beat with the settings of the service: `python -m app.core.start worker`.

It is Celery's own command, and takes its options. But `celery` imports whatever is installed that
adds a command, Flower for example, and a script would need one more Python to read the settings.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from app.config import Config
from app.core.discovery import queue_names
from app.core.shell import load_config


def main() -> None:
    """Do what the command line says.

    Raises:
        SystemExit: when variables are missing or wrong, and at the end.
    """
    parser = argparse.ArgumentParser(prog="python -m app.core.start", description=__doc__)
    parser.add_argument("command", choices=["worker", "beat"])
    parser.add_argument("options", nargs=argparse.REMAINDER, help="as for Celery")
    given = parser.parse_args()
    # Imports make many objects and no garbage.
    gc.disable()
    # On SIGHUP, Celery starts a worker again with this command line.
    sys.argv[:1] = ["-m", "app.core.start"]
    command, config = given.command, load_config()
    arguments = [f"--loglevel={config.log_level}", *given.options]
    if command == "worker":
        _check_queues()
        arguments = [*_pool(config), *arguments]
        if config.worker_pool == "gevent":
            # It has to patch Python before anything else is imported.
            celery = str(Path(sys.executable).with_name("celery"))
            os.execv(celery, [celery, "--app", "app.celery_app", command, *arguments])  # noqa: S606
    _run(command, arguments, quiet=config.log_format == "json")


def _check_queues() -> None:
    known = queue_names()
    wanted = filter(None, os.environ.get("WORKER_QUEUES", "").split(","))
    unknown = ", ".join(name for name in wanted if name not in known)
    if unknown:
        raise SystemExit(f"WORKER_QUEUES: there is no queue {unknown}, but {', '.join(known)}")


def _pool(config: Config) -> list[str]:
    autoscale = [f"--autoscale={config.worker_autoscale}"] if config.worker_autoscale else []
    return [f"--pool={config.worker_pool}", *autoscale]


def _run(command: str, arguments: list[str], *, quiet: bool) -> None:
    # Celery's type stubs leave out its command line.
    base: Any = import_module("celery.bin.base")
    click_command: Any = getattr(import_module(f"celery.bin.{command}"), command)
    app: Any = import_module("app.celery_app").app
    # Celery does so, too, but only after its first warnings.
    import_module("app.core.logs").configure()
    # What is there now stays. Looking for garbage in it would write to the memory that a worker's
    # processes share.
    gc.freeze()
    gc.enable()
    context = base.CLIContext(app=app, no_color=False, workdir=None, quiet=quiet)
    click_command.main(arguments, prog_name=f"celery {command}", obj=context)


if __name__ == "__main__":
    main()
