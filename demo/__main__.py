"""Generates a service, starts it for real, sends tasks through it, and says what happened."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import copier

from demo.steps import step

ROOT = Path(__file__).parent.parent
INSTALL_RABBITMQ = (
    "Debian, Ubuntu: sudo apt install rabbitmq-server    macOS: brew install rabbitmq"
)


def main() -> int:
    """Run the demonstration and return its exit code."""
    broker = _broker_of_command_line()
    if broker == "rabbitmq" and not has_rabbitmq():
        print(f"RabbitMQ is not installed. {INSTALL_RABBITMQ}", file=sys.stderr)
        return 1
    folder = Path(tempfile.mkdtemp(prefix="demo-")) / "worker-celery-example"
    with step(f"generating a worker in {folder}"):
        _generate(folder, broker)
    with step("installing its packages"):
        _run(["make", "--silent", "install"], folder)
    return _drive(folder)


def _broker_of_command_line() -> str:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--broker", choices=("redis", "rabbitmq"), default="redis")
    return str(parser.parse_args().broker)


def has_rabbitmq() -> bool:
    """Tell whether RabbitMQ is installed."""
    # Debian's server lies where only root has it on the path.
    path = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"
    return shutil.which("rabbitmq-server", path=path) is not None


def _generate(folder: Path, broker: str) -> None:
    """Render the template as it lies here: a copy of it needs neither Git nor a release."""
    with tempfile.TemporaryDirectory(prefix="template-") as name:
        template = Path(name)
        shutil.copy(ROOT / "copier.yml", template)
        for part in ("extensions", "template"):
            shutil.copytree(ROOT / part, template / part)
        copier.run_copy(
            name, folder, data={"broker": broker}, defaults=True, unsafe=True, quiet=True
        )


def _drive(folder: Path) -> int:
    """Run the second half inside the service's own environment."""
    python = folder / ".venv" / "bin" / "python"
    done = subprocess.run(
        [python, ROOT / "demo" / "drive.py"],
        cwd=folder,
        env=os.environ | {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"},
        check=False,
    )
    return done.returncode


def _run(command: list[str], folder: Path) -> None:
    outer = ("VIRTUAL_ENV", "VENV", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    environment = {name: value for name, value in os.environ.items() if name not in outer}
    subprocess.run(command, cwd=folder, env=environment, check=True)


if __name__ == "__main__":
    sys.exit(main())
