"""The model says what a service is on a machine with systemd."""

from __future__ import annotations

import pytest

from extensions.systemd import Machine
from tests.matrix import NAMES

USER_NAME_LENGTH = 31
"""What systemd takes at most."""


def machine(name: str = "worker-celery-shop", *processes: str) -> Machine:
    """Return what a service with one task type is there."""
    purpose = name.removeprefix("worker-celery-")
    return Machine(name, purpose, queues=(f"{purpose}.email",), processes=processes)


@pytest.mark.parametrize("name", NAMES.values())
def test_the_name_of_the_user_is_not_too_long(name: str) -> None:
    assert len(machine(name).user) <= USER_NAME_LENGTH


def test_two_services_have_nothing_in_common() -> None:
    one, other = machine("worker-celery-shop"), machine("worker-celery-shop-eu")

    assert {one.user, one.home, one.settings, *one.units}.isdisjoint(
        {other.user, other.home, other.settings, *other.units}
    )


def test_each_queue_has_a_worker_and_each_process_a_unit() -> None:
    assert machine("worker-celery-shop", "beat", "metrics").units == (
        "worker-celery-shop-worker@shop.email.service",
        "worker-celery-shop-beat.service",
        "worker-celery-shop-metrics.service",
    )
