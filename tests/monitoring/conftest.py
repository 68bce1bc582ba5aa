"""Services to be looked at."""

from __future__ import annotations

import pytest

from tests.harness import hurry_copier
from tests.servers import has_prometheus

hurry_copier()


@pytest.fixture(scope="session", autouse=True)
def prometheus() -> None:
    """Prometheus and promtool are installed."""
    if not has_prometheus():
        pytest.skip("Prometheus is not installed; CI treats this as a failure")
