"""The compose files of every shape of a service, merged as Docker Compose does it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from extensions.model import SOFT_SHUTDOWN, STOP_MARGIN
from tests.harness import ROOT, Answers, clean_environment, hurry_copier, render, run
from tests.matrix import covering, every, spread

hurry_copier()

DEVELOPMENT = ("compose.yaml",)
PRODUCTION = (*DEVELOPMENT, "deploy/compose.production.yaml")
SERVERS = {"broker", "database", "redis", "mail"}
"""The containers that hold nothing of ours, but for what their names begin with."""

UNPROBED = {
    "migrate": "it ends, and that is what the others wait for",
    "mail": "nothing waits for it",
}
"""The containers without a health check, and why."""

MANAGED = {
    "IMAGE_TAG": "1",
    "SMTP_HOST": "mail.example.com",
    "SMTP_USERNAME": "shop",
    "SMTP_PASSWORD": "of-the-mail-server",
}
"""What production is told, by somebody who exports all of it."""


class Shape(NamedTuple):
    """A rendered service."""

    folder: Path
    answers: Answers

    @property
    def prefix(self) -> str:
        """What the names of its containers begin with."""
        return "shop-" if self.answers["layout"] == "monorepo" else ""


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> list[Shape]:
    """Services with every combination of servers, and every pair of the other answers."""
    return list(_shapes(tmp_path_factory.mktemp("shapes")))


def _shapes(parent: Path) -> Iterator[Shape]:
    servers = every("broker", "result_backend", "database")
    further = covering("http_api", "beat", "flower", "layout", "task_types", "external_apis")
    for number, answers in enumerate(spread(servers, further)):
        folder = render(parent / str(number), {"service_name": "worker-celery-shop", **answers})
        if answers["layout"] == "monorepo":
            folder /= "services/worker-celery-shop"
        yield Shape(folder, answers)


@cache
def merged(folder: Path, files: tuple[str, ...], *profiles: str) -> dict[str, Any]:
    """Return what Compose makes of the files of a service.

    Args:
        folder: of the service.
        files: what is merged.
        profiles: those that are on.
    """
    done = config(folder, files, *profiles, **MANAGED)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def config(
    folder: Path, files: tuple[str, ...], *profiles: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Let Compose merge the files of a service."""
    options = [*(f"--file={file}" for file in files), *(f"--profile={name}" for name in profiles)]
    return subprocess.run(
        ["docker-compose", *options, "config", "--format", "json"],
        cwd=folder,
        env=clean_environment() | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def stacks(shape: Shape) -> Iterator[dict[str, Any]]:
    """Yield what runs in development and in production, each with everything and without."""
    for files in (DEVELOPMENT, PRODUCTION):
        yield merged(shape.folder, files)["services"]
        yield merged(shape.folder, files, "servers", "flower")["services"]


def ours(shape: Shape, services: dict[str, Any]) -> dict[str, Any]:
    """Return the containers that run our image, by their names without the prefix."""
    named = {name.removeprefix(shape.prefix): each for name, each in services.items()}
    return {name: each for name, each in named.items() if name not in SERVERS}


def test_the_files_follow_the_schema_of_compose(shapes: list[Shape]) -> None:
    files = [str(shape.folder / file) for shape in shapes for file in PRODUCTION]
    checked = ["check-jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = run([*checked, *files], ROOT)
    assert done.returncode == 0, done.stdout


def test_every_process_has_a_container(shapes: list[Shape]) -> None:
    for shape in shapes:
        chosen = {
            "worker": True,
            "metrics": True,
            "migrate": shape.answers["database"],
            "relay": shape.answers["database"],
            "beat": shape.answers["beat"],
            "api": shape.answers["http_api"],
            "flower": shape.answers["flower"],
        }
        for files in (DEVELOPMENT, PRODUCTION):
            services = merged(shape.folder, files, "servers", "flower")["services"]
            assert ours(shape, services).keys() == {name for name, there in chosen.items() if there}


def test_nothing_can_be_reached_from_other_machines(shapes: list[Shape]) -> None:
    for shape in shapes:
        for services in stacks(shape):
            ports = [port for each in services.values() for port in each.get("ports", [])]
            assert {port["host_ip"] for port in ports} == {"127.0.0.1"}
            assert not any("network_mode" in each for each in services.values())


def test_no_container_of_ours_may_do_more_than_it_needs(shapes: list[Shape]) -> None:
    for shape in shapes:
        for services in stacks(shape):
            for container in ours(shape, services).values():
                assert container["read_only"]
                assert container["cap_drop"] == ["ALL"]
                assert container["security_opt"] == ["no-new-privileges:true"]
                assert not {"cap_add", "privileged", "pid", "devices", "user"} & container.keys()


def test_every_container_has_a_health_check_or_a_reason_not_to(shapes: list[Shape]) -> None:
    for shape in shapes:
        for services in stacks(shape):
            for name, container in services.items():
                check = container.get("healthcheck", {"disable": True})
                is_off = check.get("disable", False)
                assert is_off == (name.removeprefix(shape.prefix) in UNPROBED), name


def test_containers_get_the_time_that_the_model_says(shapes: list[Shape]) -> None:
    grace = f"{SOFT_SHUTDOWN + STOP_MARGIN}s"
    for shape in shapes:
        for services in stacks(shape):
            given = {each["stop_grace_period"] for each in ours(shape, services).values()}
            assert given == {grace}


def test_what_is_waited_for_is_there_and_says_when_it_is_ready(shapes: list[Shape]) -> None:
    for shape in shapes:
        for services in stacks(shape):
            for name, container in services.items():
                for other, how in container.get("depends_on", {}).items():
                    assert other in services or not how["required"], name
                    expected = {"migrate": "completed_successfully", "mail": "started"}
                    condition = expected.get(other.removeprefix(shape.prefix), "healthy")
                    assert how["condition"] == f"service_{condition}"


def test_no_server_begins_as_root_in_production(shapes: list[Shape]) -> None:
    users = {"redis": "redis", "rabbitmq": "rabbitmq", "postgres": "postgres"}
    for shape in shapes:
        for container in merged(shape.folder, PRODUCTION, "servers")["services"].values():
            server = container["image"].partition(":")[0]
            assert container.get("user") == users.get(server)
            assert container["cap_drop"] == ["ALL"]
            assert container["security_opt"] == ["no-new-privileges:true"]


def test_production_bounds_what_it_takes(shapes: list[Shape]) -> None:
    for shape in shapes:
        services = merged(shape.folder, PRODUCTION, "servers", "flower")["services"]
        for container in services.values():
            assert int(container["deploy"]["resources"]["limits"]["memory"]) > 0
            assert {"max-size", "max-file"} == container["logging"]["options"].keys()
            assert container["restart"] in ("unless-stopped", "no")
        assert services[f"{shape.prefix}worker"]["deploy"]["replicas"] == 2


def test_production_has_no_password_that_anybody_knows(shapes: list[Shape]) -> None:
    for shape in shapes:
        text = json.dumps(merged(shape.folder, PRODUCTION, "servers", "flower"))
        assert "celery:celery" not in text
        assert "guest" not in text
        assert '"POSTGRES_PASSWORD": "' not in text


def test_only_the_worker_logs_in_to_the_mail_server(shapes: list[Shape]) -> None:
    mailing = [shape for shape in shapes if "email" in str(shape.answers["task_types"])]
    assert mailing
    for shape in mailing:
        stack = merged(shape.folder, PRODUCTION, "servers", "flower")
        assert MANAGED["SMTP_PASSWORD"] not in json.dumps(stack)
        for name, container in ours(shape, stack["services"]).items():
            secrets = {secret["source"] for secret in container["secrets"]}
            logs_in = name == "worker"
            assert ("SMTP_PASSWORD" in secrets) == logs_in, name
            assert (container["environment"]["SMTP_USERNAME"] == "shop") == logs_in, name


def test_containers_look_for_secrets_where_compose_puts_them(shapes: list[Shape]) -> None:
    for shape in shapes:
        done = config(shape.folder, PRODUCTION, "flower", **MANAGED, SECRETS_DIR="/elsewhere")
        stack = json.loads(done.stdout)
        for container in ours(shape, stack["services"]).values():
            assert container["environment"]["SECRETS_DIR"] == "/run/secrets"
        assert {Path(secret["file"]).parent for secret in stack["secrets"].values()} == {
            Path("/elsewhere")
        }


def test_production_says_what_is_missing(shapes: list[Shape]) -> None:
    for shape in shapes:
        without = config(shape.folder, PRODUCTION, SMTP_HOST="mail.example.com")
        assert without.returncode != 0
        assert (
            "required variable IMAGE_TAG is missing a value: the version to run" in without.stderr
        )


def test_a_managed_server_takes_the_place_of_one_in_the_stack(shapes: list[Shape]) -> None:
    for shape in shapes:
        services = merged(shape.folder, PRODUCTION)["services"]
        assert ours(shape, services).keys() == {
            name.removeprefix(shape.prefix) for name in services
        }
        only_broker = merged(shape.folder, PRODUCTION, "broker")["services"]
        assert only_broker.keys() - services.keys() == {f"{shape.prefix}broker"}


def test_secrets_have_a_file_each_which_one_command_makes(shapes: list[Shape]) -> None:
    for shape in shapes:
        made = run(["deploy/secrets.sh"], shape.folder, SMTP_PASSWORD="given")
        assert made.returncode == 0, made.stdout
        stack = merged(shape.folder, PRODUCTION, "servers", "flower")
        files = {name: Path(secret["file"]) for name, secret in stack["secrets"].items()}
        texts = {name: file.read_text() for name, file in files.items()}

        assert next(iter(files.values())).parent.stat().st_mode & 0o777 == 0o700
        empty = {name for name, text in texts.items() if not text.strip()}
        assert all(name.endswith("_KEY") for name in empty)
        assert texts.get("SMTP_PASSWORD", "given\n") == "given\n"
        again = run(["deploy/secrets.sh"], shape.folder, CELERY_BROKER_URL="other")
        assert again.returncode == 0, again.stdout
        assert texts == {name: file.read_text() for name, file in files.items()}
        ignored = (shape.folder / ".gitignore").read_text().splitlines()
        assert "/secrets/" in ignored


def test_a_folder_that_anybody_could_enter_is_closed(shapes: list[Shape], tmp_path: Path) -> None:
    folder = tmp_path / "passwords"
    folder.mkdir(mode=0o755)
    made = run(["deploy/secrets.sh"], shapes[0].folder, SECRETS_DIR=str(folder))
    assert made.returncode == 0, made.stdout
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "CELERY_BROKER_URL").exists()


@pytest.mark.parametrize(
    "password", ["a/b", "a&b", "a\\b", "a@b", "a:b", "a b", "a#b", "é", "a\nb"]
)
def test_a_password_that_would_break_a_url_is_refused(
    shapes: list[Shape], tmp_path: Path, password: str
) -> None:
    folder = tmp_path / "passwords"
    made = run(["deploy/secrets.sh", str(folder)], shapes[0].folder, BROKER_PASSWORD=password)
    assert made.returncode == 1
    assert "BROKER_PASSWORD may have letters, digits and . _ ~ - only" in made.stdout
    assert not folder.exists()


def test_two_services_of_a_repository_run_side_by_side(tmp_path: Path) -> None:
    brokers = {"shop": "redis", "mail": "rabbitmq"}
    for purpose, broker in brokers.items():
        answers: dict[str, str | bool] = {"service_name": f"worker-celery-{purpose}"}
        answers |= {"broker": broker, "layout": "monorepo", "database": True, "http_api": True}
        render(tmp_path, answers)
    parts = [f"services/worker-celery-{purpose}/compose.yaml" for purpose in brokers]
    (tmp_path / "all.yaml").write_text(yaml.safe_dump({"name": "all", "include": parts}))

    stack = merged(tmp_path, ("all.yaml",), "flower")

    for purpose, scheme in (("shop", "redis"), ("mail", "amqp")):
        worker = stack["services"][f"{purpose}-worker"]
        url = worker["environment"]["CELERY_BROKER_URL"]
        assert url.startswith(scheme)
        assert f"{purpose}-broker:" in url
        assert f"{purpose}-broker" in worker["depends_on"]
        assert f"{purpose}-files" in stack["volumes"]
    names = [name.partition("-")[0] for name in [*stack["services"], *stack["volumes"]]]
    assert set(names) == set(brokers)
    ports = [port for each in stack["services"].values() for port in each.get("ports", [])]
    assert len(ports) >= 8
    assert not any(port.get("published") for port in ports)
