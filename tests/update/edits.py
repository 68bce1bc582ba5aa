"""What owners do to their services in real life."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.update.services import Service, State, States, theirs


class Owner:
    """Somebody who makes one edit to a service. What does not fit the service is left out."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._before: dict[str, State | None] = {}
        self.purpose = service.read("README.md").split()[1].removeprefix("worker-celery-")
        self.own, self.second = [*_own_types(service), "none", "none"][:2]
        """Two task types of the owners, if there are as many."""
        self.type = self.own.title().replace("_", "")

    @property
    def changes(self) -> dict[str, tuple[State | None, State | None]]:
        """The files that were touched, before and after."""
        folder = self._service.folder
        return {file: (before, _state(folder / file)) for file, before in self._before.items()}

    def rooms(self) -> set[str]:
        """Return the files that belong to the owners."""
        return theirs(self._service.files())

    def has(self, file: str, text: str) -> bool:
        """Tell whether a file is there and has a text in it."""
        return self._service.exists(file) and text in self._service.read(file)

    def last_line(self, file: str) -> str:
        """Return the last line of a file."""
        return self._service.read(file).splitlines()[-1]

    def write(self, file: str, text: str | bytes, *, executable: bool = False) -> None:
        """Write a file, which may be a new one."""
        path = self._touch(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if executable:
            path.chmod(0o755)

    def append(self, file: str, text: str) -> None:
        """Write at the end of a file."""
        if self._service.exists(file):
            self.write(file, self._service.read(file) + text)

    def replace(self, file: str, old: str, new: str) -> None:
        """Write something else in one place of a file."""
        if self.has(file, old):
            self.write(file, self._service.read(file).replace(old, new, 1))

    def delete(self, files: Iterable[str]) -> None:
        """Delete files."""
        for file in filter(self._service.exists, files):
            self._touch(file).unlink()

    def rename(self, file: str, new: str) -> None:
        """Give a file another name."""
        if self._service.exists(file):
            self.write(new, self._service.read(file))
            self.delete([file])

    def make_executable(self, file: str) -> None:
        """Let a file be run as a program."""
        if self._service.exists(file):
            self._touch(file).chmod(0o755)

    def _touch(self, file: str) -> Path:
        path = self._service.folder / file
        self._before.setdefault(file, _state(path))
        return path


def _own_types(service: Service) -> list[str]:
    """Return the task types that begin as small tasks that run."""
    modules = sorted(service.folder.joinpath("app/tasks").glob("*.py"))
    return [module.stem for module in modules if " import process\n" in module.read_text()]


def _state(path: Path) -> State | None:
    if not path.is_file():
        return None
    return State(path.read_bytes(), bool(path.stat().st_mode & 0o100))


@dataclass(frozen=True)
class Edit:
    """Something that owners do."""

    name: str
    do: Callable[[Owner], None]


@dataclass(frozen=True)
class Trace:
    """What an edit has left in a service: its files before and after, nothing where one is not."""

    name: str
    changes: dict[str, tuple[State | None, State | None]]

    def losses(self, before: States, after: States, ours: Collection[str]) -> list[str]:
        """Return what an update has lost of it.

        Args:
            before: the files before the update, with all edits.
            after: the files after it.
            ours: the files that the template has, too, and of which it may change other lines.
        """
        return [
            f"{self.name}: {file}"
            for file, (old, new) in self.changes.items()
            if not (
                _has_change(after[file], old, new)
                if old and new and file in ours and file in after
                else after.get(file) == before.get(file)
            )
        ]


def _has_change(now: State, old: State, new: State) -> bool:
    """Tell whether a file has the lines that were added, and not those that were taken out."""
    lines, were, wanted = (set(state.content.splitlines()) for state in (now, old, new))
    merged = lines >= wanted - were and not lines & (were - wanted)
    return merged and now.executable == new.executable


def work_on(service: Service) -> list[Trace]:
    """Make all edits that fit a service and commit them. Return what they left."""
    traces = []
    for edit in EDITS:
        owner = Owner(service)
        edit.do(owner)
        if owner.changes:
            traces.append(Trace(edit.name, owner.changes))
    service.commit()
    return traces


def _change_a_task(owner: Owner) -> None:
    once = 'process(job.model_copy(update={"items": list(dict.fromkeys(job.items))}))'
    owner.replace(f"app/tasks/{owner.own}.py", "process(job)", once)


def _add_a_task(owner: Owner) -> None:
    owner.append(
        f"app/tasks/{owner.own}.py",
        f'''

@shared_task(
    name="{owner.purpose}.{owner.own}.again",
    soft_time_limit=50,
    time_limit=60,
)
def again(job: {owner.type}Input) -> None:
    """Process the items of a job once more, when nobody waits for it."""
    process(job)
''',
    )


def _add_a_task_type(owner: Owner) -> None:
    owner.write(
        "app/tasks/returns.py",
        f'''"""Returns: a task type that the owners have written themselves."""

from __future__ import annotations

from celery import shared_task


@shared_task(name="{owner.purpose}.returns.run", soft_time_limit=50, time_limit=60)
def run(parcel: str) -> None:
    """Take a parcel back."""
''',
    )


def _change_limits(owner: Owner) -> None:
    owner.replace(f"app/tasks/{owner.own}.py", "    time_limit=300,", "    time_limit=280,")


def _add_a_field(owner: Owner) -> None:
    items = "    items: list[str] = Field(min_length=1, max_length=1000)\n"
    owner.replace(f"app/schemas/{owner.own}.py", items, f'{items}    note: str = ""\n')


def _reformat(owner: Owner) -> None:
    owner.replace(
        f"app/services/{owner.own}.py",
        "Result(processed=[item.strip() for item in job.items])\n",
        """Result(
        processed=[
            item.strip()
            for item in job.items
        ],
    )
""",
    )


def _move_a_function(owner: Owner) -> None:
    file = f"app/services/{owner.own}.py"
    check = """    blank = [position for position, item in enumerate(job.items) if not item.strip()]
    if blank:
        raise PermanentError(f"blank items at positions {blank}")
"""
    owner.replace(file, check, "    refuse_blank(job.items)\n")
    imported = "from app.core.errors import PermanentError\n"
    owner.replace(file, imported, "")
    owner.replace(file, "Result\n", "Result\nfrom app.services.checks import refuse_blank\n")
    if owner.changes:
        owner.write(
            "app/services/checks.py",
            f'''"""What all services check."""

from __future__ import annotations

{imported}

def refuse_blank(items: list[str]) -> None:
    """Refuse blank items.

    Raises:
        PermanentError: when an item is blank.
    """
{check.replace("job.items", "items")}''',
        )


def _rename_a_module(owner: Owner) -> None:
    name = f"{owner.second}_work"
    owner.rename(f"app/services/{owner.second}.py", f"app/services/{name}.py")
    for file in (f"app/tasks/{owner.second}.py", f"tests/unit/test_{owner.second}.py"):
        owner.replace(file, f"app.services.{owner.second} import", f"app.services.{name} import")


def _delete_an_example(owner: Owner) -> None:
    owner.delete(file for file in owner.rooms() if Path(file).stem in ("etl", "test_etl"))


def _delete_a_test(owner: Owner) -> None:
    owner.delete([f"tests/integration/test_{owner.second}.py"])


def _add_a_setting(owner: Owner) -> None:
    owner.append("app/settings.py", '\n    own_currency: str = "EUR"\n')
    file, line = ".env.example", "# What amounts are in.\nOWN_CURRENCY=EUR\n"
    place = "# Your own settings come here.\n"
    owner.replace(file, place, place + line)
    if file not in owner.changes:
        # A release before that has no such place.
        owner.replace(file, "\n# Tasks\n", f"\n{line}\n# Tasks\n")


def _add_to_the_end_of_the_example(owner: Owner) -> None:
    # 0.4.0 itself wrote there, for an API or ETL, and a database takes the variable of ETL away:
    # then the two meet.
    later = owner.has("scripts/start_worker.sh", "app.core.start")
    if later and not owner.last_line(".env.example").startswith("ETL_DATABASE="):
        owner.append(".env.example", "# Ours, too.\nOWN_REGION=eu\n")


def _add_a_test(owner: Owner) -> None:
    owner.write(
        "tests/unit/test_settings.py",
        '''"""The settings of our own."""

from __future__ import annotations

from app.settings import Settings


def test_amounts_are_in_euros() -> None:
    assert Settings.load().own_currency == "EUR"
''',
    )


def _add_a_test_to_one_of_theirs(owner: Owner) -> None:
    owner.append(
        f"tests/unit/test_{owner.own}.py",
        f"""

def test_an_item_may_have_blanks_around_it() -> None:
    assert process({owner.type}Input(items=[" a "])).processed == ["a"]
""",
    )


def _handle_a_signal(owner: Owner) -> None:
    file = "app/hooks.py"
    owner.replace(
        file,
        "from __future__ import annotations\n\n",
        "from __future__ import annotations\n\nimport logging\n\n"
        "from celery.signals import worker_ready\n\n",
    )
    owner.append(
        file,
        '''

def say_hello(**_: object) -> None:
    """Say that a worker takes work."""
    logging.getLogger(__name__).info("open for business")


worker_ready.connect(say_hello)
''',
    )


def _act_on_a_failure(owner: Owner) -> None:
    doc = '    """Called when a task is tried again."""\n'
    owner.replace("app/hooks.py", doc, f"{doc}    print('once more')\n")


def _change_the_schedule(owner: Owner) -> None:
    owner.replace("app/schedule.py", "crontab(hour=6, minute=0)", "crontab(hour=5, minute=45)")


def _remove_a_schedule_entry(owner: Owner) -> None:
    owner.replace(
        "app/schedule.py",
        f'''    "mirror every Sunday": {{
        "task": "{owner.purpose}.maintenance.mirror",
        "schedule": crontab(day_of_week="sunday", hour=2, minute=30),
        "kwargs": {{"request": {{"source": "files", "target": "mirror"}}}},
    }},
''',
        "",
    )


def _add_a_schedule_entry(owner: Owner) -> None:
    entry = f'''    "returns every hour": {{
        "task": "{owner.purpose}.returns.run",
        "schedule": 3600.0,
        "kwargs": {{"parcel": "all"}},
    }},
'''
    file = "app/schedule.py"
    start = "SCHEDULE: dict[str, dict[str, Any]] = {"
    owner.replace(file, f"{start}}}\n", f"{start}\n{entry}}}\n")
    if not owner.changes:
        owner.replace(file, f"{start}\n", f"{start}\n{entry}")


def _add_an_api_method(owner: Owner) -> None:
    model = "PaymentsStatus"
    call = f'        return self.request("GET", "/status", response_model={model})\n'
    owner.replace(
        "app/clients/payments.py",
        call,
        f'''{call}
    def get_version(self) -> {model}:
        """Ask the API which version it is."""
        return self.request("GET", "/version", response_model={model})
''',
    )


def _name_a_queue(owner: Owner) -> None:
    none = "QUEUES: list[str] = []"
    owner.replace("app/settings.py", none, 'QUEUES: list[str] = ["returns.urgent"]')


def _name_an_alias(owner: Owner) -> None:
    alias = f'{{"{owner.purpose}.parcels.run": "{owner.purpose}.returns.run"}}'
    owner.replace(
        "app/settings.py",
        "ALIASES: dict[str, str] = {}",
        f"ALIASES: dict[str, str] = {alias}",
    )


def _set_a_celery_setting(owner: Owner) -> None:
    none = "CELERY: dict[str, Any] = {}"
    setting = '{"worker_log_color": False}'
    owner.replace("app/settings.py", none, f"CELERY: dict[str, Any] = {setting}")


def _add_a_dependency(owner: Owner) -> None:
    own = 'dependencies = [\n    "packaging>=24",\n]'
    owner.replace("pyproject.toml", "dependencies = []", own)
    owner.write("uv.lock", "version = 1\n")


def _add_a_ruff_rule(owner: Owner) -> None:
    known = 'ignore = ["N818"]\n'
    owner.replace("pyproject.toml", known, f'{known}extend-select = ["T10"]\n')


def _change_a_port_of_ours(owner: Owner) -> None:
    owner.replace("compose.yaml", "- 127.0.0.1:5555:5555", "- 127.0.0.1:5556:5555")


def _change_a_port_beside_ours(owner: Owner) -> None:
    ports = "services:\n  flower:\n    ports: !override [127.0.0.1:5557:5555]\n"
    owner.replace("compose.override.yaml", "services: {}\n", ports)


def _add_a_make_target_of_their_own(owner: Owner) -> None:
    owner.append("local.mk", "\n.PHONY: hello\nhello: ## say hello\n\t@echo hello\n")


def _add_a_make_target_to_ours(owner: Owner) -> None:
    owner.append("Makefile", "\n.PHONY: goodbye\ngoodbye: ## say goodbye\n\t@echo goodbye\n")


def _add_a_label(owner: Owner) -> None:
    title = f'LABEL org.opencontainers.image.title="worker-celery-{owner.purpose}" \\\n'
    vendor = '      org.opencontainers.image.vendor="Shop" \\\n'
    owner.replace("Dockerfile", title, title + vendor)


def _add_a_ci_job(owner: Owner) -> None:
    owner.write(
        ".github/workflows/nightly.yml",
        "name: Nightly\non:\n  schedule:\n    - cron: 0 3 * * *\njobs: {}\n",
    )


def _add_a_module(owner: Owner) -> None:
    owner.write("app/currency.py", '"""What amounts are in."""\n\nCURRENCY = "EUR"\n')


def _add_a_script(owner: Owner) -> None:
    owner.write("scripts/backfill.sh", "#!/bin/sh\necho backfill\n", executable=True)


def _add_documents(owner: Owner) -> None:
    owner.write("docs/runbook.md", "# When it burns\r\n\r\nCall Ada.\r\n")
    owner.write("docs/logo.png", b"\x89PNG\r\n\x1a\n\x00\xff")


def _add_a_readme_section(owner: Owner) -> None:
    owner.replace("README.md", "## Settings\n", "## Team\n\nAsk in #orders.\n\n## Settings\n")


def _add_to_the_end_of_the_readme(owner: Owner) -> None:
    owner.append("README.md", "\n## Thanks\n\nTo all who were on call.\n")


def _add_a_convention(owner: Owner) -> None:
    owner.append("AGENTS.md", "- Deploy on a Friday.\n")


def _ignore_files(owner: Owner) -> None:
    owner.append(".gitignore", "*.local\n")
    owner.append(".dockerignore", "docs\n")


def _add_a_type_to_core(owner: Owner) -> None:
    owner.append("app/core/types.py", '\nParcel = dict[str, str]\n"""What is sent back."""\n')


def _add_a_fixture(owner: Owner) -> None:
    owner.append(
        "tests/conftest.py",
        '''

@pytest.fixture
def parcel() -> str:
    """Something to send back."""
    return "books"
''',
    )


def _make_theirs_executable(owner: Owner) -> None:
    owner.make_executable("app/settings.py")


def _make_ours_executable(owner: Owner) -> None:
    owner.make_executable("app/call.py")


def _delete_a_file_of_ours(owner: Owner) -> None:
    owner.delete([".vscode/launch.json"])


EDITS = [
    Edit("changed task body", _change_a_task),
    Edit("added task", _add_a_task),
    Edit("added task type", _add_a_task_type),
    Edit("changed limits of a task", _change_limits),
    Edit("added field in a schema", _add_a_field),
    Edit("reformatted file", _reformat),
    Edit("moved function between modules", _move_a_function),
    Edit("renamed module", _rename_a_module),
    Edit("deleted example", _delete_an_example),
    Edit("deleted test", _delete_a_test),
    Edit("added setting", _add_a_setting),
    Edit("line at the end of .env.example", _add_to_the_end_of_the_example),
    Edit("own test", _add_a_test),
    Edit("test added to a file of theirs", _add_a_test_to_one_of_theirs),
    Edit("own signal handler", _handle_a_signal),
    Edit("own code in a hook", _act_on_a_failure),
    Edit("changed schedule", _change_the_schedule),
    Edit("removed schedule entry", _remove_a_schedule_entry),
    Edit("added schedule entry", _add_a_schedule_entry),
    Edit("added API method", _add_an_api_method),
    Edit("own queue", _name_a_queue),
    Edit("alias of a task", _name_an_alias),
    Edit("own Celery setting", _set_a_celery_setting),
    Edit("added dependency", _add_a_dependency),
    Edit("own ruff rule", _add_a_ruff_rule),
    Edit("changed port in compose.yaml", _change_a_port_of_ours),
    Edit("changed port in compose.override.yaml", _change_a_port_beside_ours),
    Edit("own target in local.mk", _add_a_make_target_of_their_own),
    Edit("own target at the end of Makefile", _add_a_make_target_to_ours),
    Edit("own label in Dockerfile", _add_a_label),
    Edit("own CI job", _add_a_ci_job),
    Edit("own module", _add_a_module),
    Edit("own script", _add_a_script),
    Edit("own documents", _add_documents),
    Edit("added section in README", _add_a_readme_section),
    Edit("section at the end of README", _add_to_the_end_of_the_readme),
    Edit("line at the end of AGENTS.md", _add_a_convention),
    Edit("ignored files", _ignore_files),
    Edit("own type in app/core", _add_a_type_to_core),
    Edit("own fixture in tests/conftest.py", _add_a_fixture),
    Edit("file of theirs made executable", _make_theirs_executable),
    Edit("file of ours made executable", _make_ours_executable),
    Edit("deleted file of ours", _delete_a_file_of_ours),
]
"""In the order in which they are made."""
