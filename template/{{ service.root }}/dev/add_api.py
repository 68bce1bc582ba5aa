"""Add an external API: `make add-api NAME=payments URL=https://api.example.com/v1`."""

from __future__ import annotations

import sys

from dev.growth import add


def main() -> None:
    """Add the API of the command line.

    Raises:
        SystemExit: when its name or its base URL is missing.
    """
    name, url = sys.argv[1:3]
    if not name or not url:
        raise SystemExit(
            "Name the API and its base URL: make add-api NAME=payments URL=https://api.example.com"
        )
    add("external_apis", f"{name}={url}")


if __name__ == "__main__":
    main()
