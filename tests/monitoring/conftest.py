"""Services to be looked at."""

from __future__ import annotations

import pytest

from tests.harness import share_compiled_templates
from tests.servers import has_prometheus

share_compiled_templates()


@pytest.fixture(scope="session", autouse=True)
def prometheus() -> None:
    """Prometheus and promtool are installed."""
    if not has_prometheus():
        pytest.skip("Prometheus is not installed; CI treats this as a failure")
