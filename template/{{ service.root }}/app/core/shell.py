"""Settings for shell scripts: `python -m app.core.shell LOG_LEVEL` prints `LOG_LEVEL=INFO`."""

from __future__ import annotations

import argparse
from shlex import quote

from app.config import Config
from app.core.discovery import import_settings
from app.core.environment import check_environment


def main() -> None:
    """Print an assignment for each variable of the command line, quoted for `eval`.

    Raises:
        SystemExit: when variables are missing or wrong, with all of them in its message.
    """
    parser = argparse.ArgumentParser(prog="python -m app.core.shell", description=__doc__)
    known = [name.upper() for name in Config.model_fields]
    parser.add_argument("variables", metavar="VARIABLE", nargs="+", choices=known)
    variables = parser.parse_args().variables
    config = load_config()
    for variable in variables:
        print(f"{variable}={quote(str(getattr(config, variable.lower())))}")


def load_config() -> Config:
    """Return the settings of the plumbing.

    Raises:
        SystemExit: when variables of the service are missing or wrong, with one list of all.
    """
    try:
        return Config.load()
    except SystemExit:
        import_settings()
        check_environment()
        raise


if __name__ == "__main__":
    main()
