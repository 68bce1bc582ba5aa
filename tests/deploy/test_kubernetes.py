"""The manifests for Kubernetes: what kustomize makes of them is valid, and fits together."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from extensions.kubernetes import Worker
from extensions.model import LATE, STOP_MARGIN, Service
from tests import matrix
from tests.deploy import api_server
from tests.deploy.manifests import (
    COMPONENT,
    SECRET_VALUE,
    Build,
    Object,
    build,
    containers,
    labels,
    main,
    overlay,
    pod,
    selects,
)
from tests.deploy.validity import OLDEST, validate
from tests.docs.pages import blocks
from tests.harness import ROOT, Answers, hurry_copier, questions, render, run

PAGE = ROOT / "docs/kubernetes.md"

AT_ONCE = 2

COMPONENTS = (
    (),
    ("hpa", "flower"),
    ("keda", "monitoring", "object-storage"),
)
"""What an overlay takes in, where the service has it."""

UNLUCKY = "beat, api, flower, metrics, relay, migrate, files, email, email_urgent, queue_email"
"""Task types that are called like other parts of a service."""

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""What Kubernetes takes for the name of a Service or a label's value: others may be longer."""

NOT_SET_BY_OWNERS = {"SECRETS_DIR", "WORKER_QUEUES"}
"""Variables that .env.example leaves out."""

ASKED = (
    "broker",
    "result_backend",
    "database",
    "http_api",
    "beat",
    "flower",
    "service_name",
    "task_types",
    "layout",
)
"""The questions of which it depends what the manifests say."""


@dataclass(frozen=True)
class Case:
    """A service, and what kustomize makes of an overlay for each choice of components."""

    model: Service
    folder: Path
    builds: tuple[Build, ...]

    @property
    def plain(self) -> Build:
        """The overlay as it is rendered."""
        return self.builds[0]


def answers_of_all(*, full: bool) -> Iterator[Answers]:
    """Yield the answers of the services to look at: every pair, or every combination."""
    ordinary: dict[str, str | bool] = {
        "service_name": "worker-celery-shop",
        "deploy": "kubernetes",
    }
    yield ordinary | {"task_types": UNLUCKY, "database": True, "http_api": True}
    yield ordinary | {"task_types": "a", "external_apis": matrix.APIS["two"]}
    for answers in matrix.every(*ASKED[:6]) if full else matrix.covering(*ASKED):
        yield ordinary | answers


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> list[Case]:
    """All services."""
    hurry_copier()
    root = tmp_path_factory.mktemp("kubernetes")
    answers = list(answers_of_all(full=pytestconfig.getoption("full")))
    services = [render(root / str(number), each) for number, each in enumerate(answers)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(case, services, answers))


def case(rendered: Path, answers: Answers) -> Case:
    """Build the overlays of a rendered service."""
    defaults = {name: details["default"] for name, details in questions().items()}
    model = Service.from_answers(defaults | dict(answers))
    folder = rendered / model.root / "deploy" / "kubernetes"
    places = []
    for number, components in enumerate(COMPONENTS):
        there = [each for each in components if (folder / "components" / each).is_dir()]
        places.append(overlay(folder, f"test{number}", *there))
    return Case(model, folder, tuple(map(build, places)))


def builds(cases: list[Case]) -> Iterator[Build]:
    """Yield what was made of each overlay of each service."""
    return (each for case in cases for each in case.builds)


def test_every_object_is_valid(cases: list[Case]) -> None:
    validate(each for built in builds(cases) for each in built.objects)


def test_the_command_for_it_has_no_complaint_either(cases: list[Case], tmp_path: Path) -> None:
    file = tmp_path / "manifests.yaml"
    file.write_text(cases[0].plain.text)

    done = run(["kubernetes-validate", "-k", OLDEST, "--strict", str(file)], tmp_path)

    assert done.returncode == 0, done.stdout
    assert "WARN" not in done.stdout


def test_the_same_files_give_the_same_manifests(cases: list[Case]) -> None:
    again = build(cases[0].folder / "overlays" / "test0")

    assert again.text == cases[0].plain.text


def test_names_are_short_enough_and_of_one_object_each(cases: list[Case]) -> None:
    for built in builds(cases):
        named = [(each["kind"], each["metadata"]["name"]) for each in built.objects]
        assert len(set(named)) == len(named)
        assert [name for _, name in named if not NAME.fullmatch(name)] == []
        values = {value for each in built.objects for value in labels(each).values()}
        assert [value for value in values if len(value) > 63] == []


def test_each_queue_is_read_by_workers_of_its_own(cases: list[Case]) -> None:
    for case in cases:
        for built in case.builds:
            workers = built.deployments("worker")
            read = [built.settings(main(each))["WORKER_QUEUES"] for each in workers]
            assert read == [labels(each)["queue"] for each in workers]
            assert sorted(read) == sorted(case.model.queues)


def test_pods_keep_to_the_strictest_standard(cases: list[Case]) -> None:
    for built in builds(cases):
        for each in built.workloads:
            spec = pod(each)
            assert spec["securityContext"]["runAsNonRoot"] is True
            assert spec["securityContext"]["runAsUser"] == 10001
            assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
            assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
            for container in containers(spec):
                assert container["securityContext"] == {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": True,
                }


def test_no_pod_has_a_token_or_variables_of_other_services(cases: list[Case]) -> None:
    for case in cases:
        for built in case.builds:
            account = built.one("ServiceAccount", case.model.name)
            assert account["automountServiceAccountToken"] is False
            for each in built.workloads:
                assert pod(each)["serviceAccountName"] == case.model.name
                assert pod(each)["automountServiceAccountToken"] is False
                assert pod(each)["enableServiceLinks"] is False


def test_every_variable_is_one_of_the_service(cases: list[Case]) -> None:
    for case in cases:
        known = {each.name for group in case.model.variable_groups for each in group.variables}
        for built in case.builds:
            for container in (each for load in built.workloads for each in containers(pod(load))):
                assert built.settings(container).keys() - known <= NOT_SET_BY_OWNERS
            (secret,) = built.of("Secret")
            assert secret["stringData" if "stringData" in secret else "data"].keys() <= known


def test_secrets_are_in_no_setting_and_settings_in_no_secret(cases: list[Case]) -> None:
    for case in cases:
        for built in case.builds:
            (config,), (secret,) = built.of("ConfigMap"), built.of("Secret")
            assert not config["data"].keys() & secret["data"].keys()
            assert secret["data"].keys() == set(case.model.manifests.secrets)
            others = [each for each in built.objects if each["kind"] != "Secret"]
            assert SECRET_VALUE not in json.dumps(others)


def test_no_secret_is_rendered(cases: list[Case]) -> None:
    for case in cases:
        lines = (case.folder / "secret.env.example").read_text().splitlines()
        assert all(line.startswith("#") or line.endswith("=") for line in lines)
        assert (case.folder / ".gitignore").read_text().splitlines()[-1] == "secret.env"


def test_settings_of_an_overlay_win(cases: list[Case]) -> None:
    settings = cases[0].plain.settings(main(cases[0].plain.workloads[0]))

    assert settings["TIMEZONE"] == "UTC"
    assert settings["LOG_FORMAT"] == "json"


def test_what_is_mounted_is_there(cases: list[Case]) -> None:
    for built in builds(cases):
        for each in built.workloads:
            volumes = {volume["name"]: volume for volume in pod(each)["volumes"]}
            mounted = [mount for part in containers(pod(each)) for mount in part["volumeMounts"]]
            assert {mount["name"] for mount in mounted} == volumes.keys()
            for volume in volumes.values():
                if "secret" in volume:
                    assert volume["secret"]["secretName"] in built.named("Secret")
                elif "persistentVolumeClaim" in volume:
                    claim = volume["persistentVolumeClaim"]["claimName"]
                    assert claim in built.named("PersistentVolumeClaim")
                else:
                    assert volume["emptyDir"].keys() == {"sizeLimit"}


def test_all_that_is_written_to_is_a_volume(cases: list[Case]) -> None:
    for built in builds(cases):
        for each in built.deployments("worker"):
            settings = built.settings(main(each))
            places = {mount["mountPath"] for mount in main(each)["volumeMounts"]}
            assert {"/tmp", settings["HEALTH_DIR"], settings["METRICS_DIR"]} <= places
            (sidecar,) = pod(each)["initContainers"]
            shared = {mount["mountPath"] for mount in sidecar["volumeMounts"]}
            assert {settings["HEALTH_DIR"], settings["METRICS_DIR"]} <= shared


def test_selectors_match_the_pods_that_they_are_for(cases: list[Case]) -> None:
    for built in builds(cases):
        deployments = built.of("Deployment")
        for each in deployments:
            selector = each["spec"]["selector"]["matchLabels"]
            assert [other for other in built.workloads if selects(selector, other)] == [each]
        for budget in built.of("PodDisruptionBudget"):
            selector = budget["spec"]["selector"]["matchLabels"]
            (found,) = (each for each in deployments if selects(selector, each))
            assert found["metadata"]["name"] == budget["metadata"]["name"]
        for service in built.of("Service"):
            (found,) = (each for each in deployments if selects(service["spec"]["selector"], each))
            names = {port["name"] for port in main(found)["ports"]}
            assert {port["targetPort"] for port in service["spec"]["ports"]} <= names


def test_probes_and_monitors_name_ports_that_are_there(cases: list[Case]) -> None:
    for built in builds(cases):
        for each in built.workloads:
            for container in containers(pod(each)):
                names = {port["name"] for port in container.get("ports", [])}
                probes = [value for key, value in container.items() if key.endswith("Probe")]
                assert {probe["httpGet"]["port"] for probe in probes if "httpGet" in probe} <= names
        for monitor in built.of("PodMonitor"):
            selector = monitor["spec"]["selector"]["matchLabels"]
            (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
            for each in built.deployments("worker"):
                assert selects(selector, each)
                (sidecar,) = pod(each)["initContainers"]
                settings = built.settings(sidecar)
                assert sidecar["ports"] == [
                    {"name": endpoint["port"], "containerPort": int(settings["METRICS_PORT"])}
                ]
                job = each["spec"]["template"]["metadata"]["labels"][monitor["spec"]["jobLabel"]]
                assert job == labels(monitor)["app.kubernetes.io/name"]


def test_pods_talk_to_nobody_but_those_they_need(cases: list[Case]) -> None:
    for case in cases:
        for built in case.builds:
            policy = built.one("NetworkPolicy", case.model.name)["spec"]
            selector = policy["podSelector"]["matchLabels"]
            assert all(selects(selector, each) for each in built.workloads)
            assert policy["policyTypes"] == ["Ingress", "Egress"]
            (egress,) = policy["egress"]
            ports = {port["port"] for port in egress["ports"]}
            assert ports == wanted_ports(case.model)
            (ingress,) = policy["ingress"]
            assert ingress["ports"] == [{"port": 9808}]


def wanted_ports(service: Service) -> set[int]:
    """Return where the pods of a service must come to."""
    ports = {53, 443, 4318}
    servers = {
        6379: service.has_redis,
        5671: service.broker == "rabbitmq",
        5672: service.broker == "rabbitmq",
        15671: service.broker == "rabbitmq" and service.flower,
        15672: service.broker == "rabbitmq" and service.flower,
        5432: service.has_postgres,
        465: service.has_type("email"),
        587: service.has_type("email"),
    }
    apis = {8080 for api in service.apis if ":8080" in api.url}
    return ports | apis | {number for number, there in servers.items() if there}


def test_only_namespaces_with_a_label_reach_the_api(cases: list[Case]) -> None:
    for case in cases:
        policies = [each for each in case.plain.of("NetworkPolicy") if labels(each).get(COMPONENT)]
        assert len(policies) == case.model.http_api
        for each in policies:
            (ingress,) = each["spec"]["ingress"]
            assert ingress == {
                "from": [{"namespaceSelector": {"matchLabels": {"ingress": "true"}}}],
                "ports": [{"port": "http"}],
            }


def test_secrets_are_where_the_service_looks_and_no_cluster_mounts_anything(
    cases: list[Case],
) -> None:
    for built in builds(cases):
        for container in (each for load in built.workloads for each in containers(pod(load))):
            places = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
            assert built.settings(container)["SECRETS_DIR"] == places["secrets"] == "/etc/secrets"
            assert not [each for each in places.values() if each.startswith(("/run", "/var/run"))]


def test_mail_goes_to_no_server_of_a_developers_machine(cases: list[Case]) -> None:
    for case in cases:
        settings = case.plain.settings(main(case.plain.workloads[0]))
        wanted = {"SMTP_HOST": "mail.example.com", "SMTP_PORT": "587", "SMTP_SECURITY": "starttls"}
        found = {name: value for name, value in settings.items() if name.startswith("SMTP_")}
        assert found == (wanted if case.model.has_type("email") else {})


def test_a_stop_gets_the_time_that_the_worker_takes(cases: list[Case]) -> None:
    for case in cases:
        for built in case.builds:
            for each in built.deployments("worker"):
                soft = int(built.settings(main(each))["WORKER_SOFT_SHUTDOWN_TIMEOUT"])
                grace = pod(each)["terminationGracePeriodSeconds"]
                assert grace == soft + STOP_MARGIN == case.model.stop_grace
            for each in built.deployments("api"):
                pause = main(each)["lifecycle"]["preStop"]["sleep"]["seconds"]
                assert pod(each)["terminationGracePeriodSeconds"] == pause + 20


def test_no_worker_stops_before_a_new_one_takes_messages(cases: list[Case]) -> None:
    for built in builds(cases):
        for each in [*built.deployments("worker"), *built.deployments("api")]:
            rolling = each["spec"]["strategy"]["rollingUpdate"]
            assert rolling["maxUnavailable"] == 0
            assert each["spec"]["minReadySeconds"] > 0
            assert "readinessProbe" in main(each)


def test_probes_go_by_the_script_that_the_image_has(cases: list[Case]) -> None:
    for built in builds(cases):
        for each in built.deployments("worker"):
            parts = [*containers(pod(each))]
            commands = {
                (part["name"], key): value["exec"]["command"]
                for part in parts
                for key, value in part.items()
                if key.endswith("Probe")
            }
            assert commands == {
                ("metrics", "livenessProbe"): ["scripts/probe.sh", "metrics", "alive"],
                ("main", "startupProbe"): ["scripts/probe.sh", "worker", "alive"],
                ("main", "livenessProbe"): ["scripts/probe.sh", "worker", "alive"],
                ("main", "readinessProbe"): ["scripts/probe.sh", "worker", "ready"],
            }


def test_all_commands_are_scripts_of_the_service(cases: list[Case]) -> None:
    for case in cases:
        root = case.folder.parent.parent
        for each in (each for built in case.builds for each in built.workloads):
            for container in containers(pod(each)):
                (script,) = container["args"]
                assert (root / script).is_file()
                assert "command" not in container, "the image may have an entry point"


def test_there_are_never_two_beats(cases: list[Case]) -> None:
    for case in cases:
        for built in case.builds:
            beats = built.deployments("beat")
            assert len(beats) == case.model.beat
            for each in beats:
                assert each["spec"]["replicas"] == 1
                assert each["spec"]["strategy"] == {"type": "Recreate"}
                claims = {each["name"] for each in pod(each)["volumes"]} & {"schedule"}
                assert bool(claims) == (not case.model.uses_redbeat)


def test_the_schedule_is_on_a_volume_for_one_pod(cases: list[Case]) -> None:
    without_redis = [case for case in cases if case.model.beat and not case.model.uses_redbeat]
    assert without_redis
    for case in without_redis:
        claim = case.plain.one("PersistentVolumeClaim", f"{case.model.name}-beat")
        assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]
        (beat,) = case.plain.deployments("beat")
        mounts = {each["name"]: each["mountPath"] for each in main(beat)["volumeMounts"]}
        assert mounts["schedule"] == "/srv/var"


def test_memory_leaves_room_for_what_processes_may_come_to(cases: list[Case]) -> None:
    for built in builds(cases):
        for each in built.deployments("worker"):
            settings = built.settings(main(each))
            largest = int(settings["WORKER_MAX_MEMORY_PER_CHILD"]) / 1024
            limits = main(each)["resources"]["limits"]
            processes = int(settings["WORKER_CONCURRENCY"])
            assert int(limits["memory"].removesuffix("Mi")) > processes * largest + 100
            assert int(limits["cpu"]) == processes


def test_all_containers_say_what_they_take(cases: list[Case]) -> None:
    for built in builds(cases):
        for container in (each for load in built.workloads for each in containers(pod(load))):
            resources = container["resources"]
            assert resources["requests"].keys() == resources["limits"].keys() == {"cpu", "memory"}


def test_an_autoscaler_has_a_deployment_of_its_own_to_decide_about(cases: list[Case]) -> None:
    for case in cases:
        by_cpu, by_queue = case.builds[1], case.builds[2]
        queues = {each["metadata"]["name"] for each in by_cpu.deployments("worker")}
        apis = {each["metadata"]["name"] for each in by_cpu.deployments("api")}
        assert scaled(by_cpu, "HorizontalPodAutoscaler") == queues | apis
        assert scaled(by_queue, "ScaledObject") == queues
        for built, names in ((by_cpu, queues | apis), (by_queue, queues), (case.plain, set())):
            for each in built.of("Deployment"):
                assert ("replicas" in each["spec"]) == (each["metadata"]["name"] not in names)


def scaled(built: Build, kind: str) -> set[str]:
    """Return the names of what autoscalers of a kind decide about."""
    return {each["spec"]["scaleTargetRef"]["name"] for each in built.of(kind)}


def test_tasks_that_began_while_messages_waited_end_before_pods_are_stopped(
    cases: list[Case],
) -> None:
    for case in cases:
        limits = {each.queue: each.hard_limit for each in case.model.task_types}
        for each in [*case.builds[1].of("HorizontalPodAutoscaler"), *scaled_objects(case)]:
            queue = labels(each).get("queue", "")
            spec = each["spec"]
            if "advanced" in spec:
                spec = spec["advanced"]["horizontalPodAutoscalerConfig"]
            if queue in limits:
                assert spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"] >= limits[queue]


def scaled_objects(case: Case) -> list[Object]:
    """Return KEDA's objects of a service."""
    return case.builds[2].of("ScaledObject")


def test_keda_looks_at_the_queue_that_the_workers_read(cases: list[Case]) -> None:
    key = {"redis": "listName", "rabbitmq": "queueName"}
    for case in cases:
        for each in scaled_objects(case):
            (trigger,) = each["spec"]["triggers"]
            assert trigger["type"] == case.model.broker
            built = case.builds[2]
            workers = built.one("Deployment", each["spec"]["scaleTargetRef"]["name"])
            queue = built.settings(main(workers))["WORKER_QUEUES"]
            assert trigger["metadata"][key[case.model.broker]] == queue
            authentication = built.one(
                "TriggerAuthentication", trigger["authenticationRef"]["name"]
            )
            for parameter in authentication["spec"]["secretTargetRef"]:
                assert parameter["name"] in built.named("Secret")


def test_files_are_shared_unless_they_are_in_object_storage(cases: list[Case]) -> None:
    for case in cases:
        claim = f"{case.model.name}-files"
        assert (claim in case.plain.named("PersistentVolumeClaim")) == case.model.stores_files
        assert claim not in case.builds[2].named("PersistentVolumeClaim")
        if case.model.stores_files:
            found = case.plain.one("PersistentVolumeClaim", claim)
            assert found["spec"]["accessModes"] == ["ReadWriteMany"]


def test_migrations_are_a_job_where_there_is_a_database(cases: list[Case]) -> None:
    for case in cases:
        assert len(case.plain.of("Job")) == case.model.database


def test_images_are_those_of_the_overlay(cases: list[Case]) -> None:
    for case in cases:
        for built in case.builds:
            for each in built.workloads:
                flower = labels(each)[COMPONENT] == "flower"
                name = f"{case.model.name}-flower" if flower else case.model.name
                own = name if flower else f"registry.example.com/{name}:0.1.0"
                assert {part["image"] for part in containers(pod(each))} == {own}


def test_names_that_kustomize_changes_are_changed_everywhere(cases: list[Case]) -> None:
    for case in cases[:1]:
        place = overlay(case.folder, "renamed", "keda", lines="namePrefix: eu-\nnameSuffix: -two\n")
        built = build(place)
        assert scaled(built, "ScaledObject") <= built.named("Deployment")
        (authentication,) = built.named("TriggerAuthentication")
        for each in built.of("ScaledObject"):
            (trigger,) = each["spec"]["triggers"]
            assert trigger["authenticationRef"]["name"] == authentication


def test_a_secret_of_somebody_else_can_be_used(cases: list[Case]) -> None:
    case = cases[0]
    place = overlay(case.folder, "external")
    kustomization = place / "kustomization.yaml"
    text, generator, _ = kustomization.read_text().partition("secretGenerator:")
    assert generator
    kustomization.write_text(text)

    built = build(place)

    assert built.of("Secret") == []
    (volume,) = (each for each in pod(built.workloads[0])["volumes"] if "secret" in each)
    assert volume["secret"]["secretName"] == f"{case.model.name}-secrets"


SHOP: Answers = {
    "service_name": "worker-celery-shop",
    "task_types": "email, reports",
    "database": True,
    "http_api": True,
    "deploy": "kubernetes",
}
"""The service of docs/kubernetes.md."""

ADDED = ("components", "images", "patches", "replicas")
"""The lists of an overlay to which the examples add. They take the place of others."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its manifests."""
    return render(tmp_path_factory.mktemp("shop") / "service", SHOP) / "deploy/kubernetes"


def examples() -> list[dict[str, Any]]:
    """Return the parts of overlays that the page shows."""
    found = map(yaml.safe_load, blocks(PAGE, "yaml"))
    return [each for each in found if "scrape_configs" not in each]


@pytest.mark.parametrize("number", range(len(examples())))
def test_an_overlay_of_the_page_can_be_built(number: int, shop: Path) -> None:
    place = overlay(shop, f"example{number}")
    kustomization = place / "kustomization.yaml"
    before = yaml.safe_load(kustomization.read_text())
    example = examples()[number]
    lists = {key: before.get(key, []) + value for key, value in example.items() if key in ADDED}
    kustomization.write_text(yaml.safe_dump(before | example | lists))

    built = build(place)

    assert built.text != build(overlay(shop, f"plain{number}")).text
    configured = {
        source["configMapRef"]["name"]
        for each in built.workloads
        for source in main(each)["envFrom"]
        if "configMapRef" in source
    }
    assert configured == built.named("ConfigMap")
    for each in built.deployments("worker"):
        soft = int(built.settings(main(each))["WORKER_SOFT_SHUTDOWN_TIMEOUT"])
        assert pod(each)["terminationGracePeriodSeconds"] == soft + STOP_MARGIN


def test_alerts_become_rules_of_the_operator_by_the_command_of_the_page(shop: Path) -> None:
    (command,) = (each for each in blocks(PAGE, "console") if "PrometheusRule" in each)
    before, pipe, _ = command.partition("| kubectl apply")
    assert pipe

    done = run(["sh", "-c", before], shop.parent.parent)

    rule = yaml.safe_load(done.stdout)
    alerts = yaml.safe_load((shop.parent / "monitoring/alerts.yml").read_text())
    assert rule.pop("spec") == alerts
    assert rule == {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "worker-celery-shop"},
    }


def test_the_page_tells_the_figures_of_the_model(shop: Path) -> None:
    told = re.findall(r"^\| (\d+)(?: and more)? \| (\d+) \|$", PAGE.read_text(), re.MULTILINE)

    assert told
    for limit, messages in told:
        assert Worker("", "", int(limit), LATE).messages == int(messages)


UNCHECKED = 'kubectl() { [ "$1" != apply ] || set -- "$@" --validate=false; command kubectl "$@"; }'
"""The stand-in for a cluster knows no schemas."""


FAILED = {"conditions": [{"type": "Failed", "status": "True"}]}
"""How a Job is that has failed."""

STUCK = {
    "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
}
"""How a Deployment is whose new pods do not become ready."""


@pytest.fixture(scope="module")
def plain_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the manifests of a service without a database."""
    folder = tmp_path_factory.mktemp("shop") / "service"
    return render(folder, {**SHOP, "database": False}) / "deploy/kubernetes"


def deploy(folder: Path, place: Path, times: int = 1, **statuses: Object) -> tuple[int, list[str]]:
    """Run the commands of a service's README as if they were pasted into a shell.

    Args:
        folder: its manifests.
        place: where to note how kubectl finds the server.
        times: how often the commands are run.
        statuses: how objects are on the server, by kind.

    Returns:
        The last exit code, and what the server was told: `+ Deployment name`, `- Job name`.
    """
    overlays = folder / "overlays"
    if not (overlays / "deployed").exists():
        overlay(folder, "deployed")
    service = folder.parent.parent
    (commands,) = (each for each in blocks(service / "README.md", "sh") if "kubectl" in each)
    for old, new in (("overlays/production", "overlays/deployed"), ("10m", "2s")):
        commands = commands.replace(old, new)
    config = place / "config"
    with api_server.running(**statuses) as server:
        config.write_text(json.dumps(kubeconfig(server.address)))
        for _ in range(times):
            done = run(["sh", "-uc", f"{UNCHECKED}\n{commands}"], service, KUBECONFIG=str(config))
    return done.returncode, server.log


def names_of(log: list[str], kind: str) -> list[str]:
    """Return the names of the objects of a kind that were made, in order."""
    return [entry.split()[2] for entry in log if entry.startswith(f"+ {kind} ")]


def test_the_page_has_the_commands_of_the_readmes(shop: Path, plain_shop: Path) -> None:
    for folder in (shop, plain_shop):
        readme = folder.parent.parent / "README.md"
        (commands,) = (each for each in blocks(readme, "sh") if "kubectl" in each)
        assert commands in PAGE.read_text()


def test_the_commands_of_the_readme_migrate_before_anything_of_the_new_version_starts(
    shop: Path, tmp_path: Path
) -> None:
    code, log = deploy(shop, tmp_path, times=2)

    assert code == 0, log
    kinds = [entry.split()[:2] for entry in log]
    migrated = kinds.index(["+", "Job"])
    assert kinds.count(["+", "Job"]) == 2
    assert ["-", "Job"] in kinds
    assert not {"Deployment", "Service"} & {kind for _, kind in kinds[:migrated]}
    assert {"ConfigMap", "Secret", "ServiceAccount"} <= {kind for _, kind in kinds[:migrated]}
    assert kinds.index(["+", "Deployment"]) > migrated


def test_the_commands_of_the_readme_apply_everything(
    shop: Path, plain_shop: Path, tmp_path: Path
) -> None:
    for folder in (shop, plain_shop):
        code, log = deploy(folder, tmp_path)

        assert code == 0, log
        made = {(each["kind"], each["metadata"]["name"]) for each in overlaid(folder).objects}
        assert {tuple(entry.split()[1:]) for entry in log} == made


def overlaid(folder: Path) -> Build:
    """Return what `deploy` applies."""
    return build(folder / "overlays" / "deployed")


def test_workers_are_there_before_those_that_send(
    shop: Path, plain_shop: Path, tmp_path: Path
) -> None:
    for folder in (shop, plain_shop):
        _, log = deploy(folder, tmp_path)

        names = names_of(log, "Deployment")
        workers = ["-queue-" in name for name in names]
        assert workers == sorted(workers, reverse=True), names
        assert any(workers)
        assert not all(workers)


def test_after_a_migration_that_fails_no_pod_is_touched(shop: Path, tmp_path: Path) -> None:
    code, log = deploy(shop, tmp_path, Job=FAILED)

    assert code != 0
    assert names_of(log, "Job")
    assert names_of(log, "Deployment") == []


def test_those_that_send_stay_as_they_are_while_no_worker_is_ready(
    shop: Path, plain_shop: Path, tmp_path: Path
) -> None:
    for folder in (shop, plain_shop):
        code, log = deploy(folder, tmp_path, Deployment=STUCK)

        assert code != 0
        names = names_of(log, "Deployment")
        workers = overlaid(folder).deployments("worker")
        assert names == [each["metadata"]["name"] for each in workers]


def kubeconfig(address: str) -> dict[str, Any]:
    """Return the configuration of kubectl for a cluster."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": address}}],
        "contexts": [{"name": "test", "context": {"cluster": "test"}}],
        "current-context": "test",
    }
