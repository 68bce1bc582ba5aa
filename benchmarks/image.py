"""The image of a service against the one that first comes to mind: make bench-image"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.deploy.docker import build, docker, inspect
from tests.harness import render

NAIVE = """\
FROM python:3.13-slim
WORKDIR /srv
COPY . .
RUN pip install 'pip>=25.1' && pip install --group dev
CMD ["scripts/start_worker.sh"]
"""
"""Everything is copied, and all packages are installed with pip: one image for all purposes."""

BASE = "python:3.13-slim"
MEGABYTE = 1_000_000


def main() -> None:
    """Build the images, print their sizes and the ratios, and remove them."""
    ArgumentParser(prog="python -m benchmarks.image", description=__doc__).parse_args()
    with TemporaryDirectory() as folder:
        sizes = measured(Path(folder))
    base = size(BASE)
    for name, bytes_ in sizes.items():
        above = (bytes_ - base) / MEGABYTE
        part = (bytes_ - base) / (sizes["naive"] - base)
        print(f"{name:8} {bytes_ / MEGABYTE:4.0f} MB, {above:4.0f} above {BASE}", end=": ")
        print(f"{bytes_ / sizes['naive']:.2f} of the naive image, {part:.2f} above the base")


def measured(folder: Path) -> dict[str, int]:
    """Return the sizes of the images of a service with the default answers, in bytes."""
    service = render(folder / "service", {"service_name": "worker-celery-bench"})
    naive = render(folder / "naive", {"service_name": "worker-celery-bench"})
    (naive / "Dockerfile").write_text(NAIVE)
    (naive / ".dockerignore").unlink()
    tags = {name: f"worker-celery-bench-{name}:1" for name in ("service", "flower", "naive")}
    build(service, tags["service"])
    build(service, tags["flower"], GROUP="flower")
    build(naive, tags["naive"])
    try:
        return {name: size(tag) for name, tag in tags.items()}
    finally:
        docker("rmi", "--force", *tags.values())


def size(image: str) -> int:
    """Return the bytes of an image, unpacked."""
    found: int = inspect(image)["Size"]
    return found


if __name__ == "__main__":
    main()
