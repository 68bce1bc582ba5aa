"""Services to be looked at."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.harness import share_compiled_templates

share_compiled_templates()


@pytest.fixture(scope="session", autouse=True)
def prometheus() -> None:
    """Prometheus and promtool are installed. In CI a missing one is a failure."""
    missing = [name for name in ("prometheus", "promtool") if not shutil.which(name)]
    if missing and os.environ.get("CI"):
        pytest.fail(f"{missing} not installed, and CI leaves nothing out")
    if missing:
        pytest.skip(f"{missing} not installed: apt install prometheus")
