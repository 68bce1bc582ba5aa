"""Whether objects are what Kubernetes takes."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from importlib import import_module
from typing import Any

import jsonschema

from tests.deploy.custom_resources import SCHEMAS
from tests.deploy.manifests import Object

# It comes without annotations.
utils: Any = import_module("kubernetes_validate.utils")
# It would read a large file for each object.
utils.schema_contents = functools.cache(utils.schema_contents)

OLDEST = "1.33"
"""The oldest Kubernetes that docs/kubernetes.md names. The newest is whatever the schemas have."""


def validate(objects: Iterable[Object]) -> None:
    """Validate each distinct object, strictly, for the oldest Kubernetes and the newest.

    Raises:
        Exception: when one is not valid. A kind without a schema is an error here, where the
            command only warns; those of KEDA and Prometheus have schemas of our own.
    """
    distinct = {json.dumps(each): each for each in objects}
    assert distinct, "there is nothing to validate"
    for each in distinct.values():
        if each["kind"] in SCHEMAS:
            jsonschema.validate(each, SCHEMAS[each["kind"]])
            continue
        for version in (OLDEST, utils.latest_version()):
            utils.validate(each, version, strict=True)
