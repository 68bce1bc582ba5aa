"""Schemas of the objects that are no part of Kubernetes itself: `kubernetes-validate` has none.

They allow what the documentation of KEDA 2.17 (ScaledObject, TriggerAuthentication, the scalers for
Redis lists and RabbitMQ queues) and of the Prometheus Operator (PodMonitor) names, as far as our
manifests use it, and nothing else.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

NAME: Schema = {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", "maxLength": 63}
WHOLE: Schema = {"type": "integer", "minimum": 1}
NUMBER_AS_TEXT: Schema = {"type": "string", "pattern": "^[0-9]+$"}
TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}


def record(required: dict[str, Schema], **optional: Schema) -> Schema:
    """Return the schema of an object with these fields and no others."""
    return {
        "type": "object",
        "properties": required | optional,
        "required": list(required),
        "additionalProperties": False,
    }


def listed(item: Schema) -> Schema:
    """Return the schema of a list with at least one such item."""
    return {"type": "array", "items": item, "minItems": 1}


def resource(api: str, kind: str, spec: Schema) -> Schema:
    """Return the schema of a whole object."""
    metadata = record({"name": NAME, "namespace": NAME}, labels=TEXTS, annotations=TEXTS)
    return record(
        {
            "apiVersion": {"const": api},
            "kind": {"const": kind},
            "metadata": metadata,
            "spec": spec,
        }
    )


def trigger(kind: str, metadata: Schema) -> Schema:
    """Return the schema of what tells KEDA how much there is to do."""
    return record(
        {"type": {"const": kind}, "metadata": metadata, "authenticationRef": record({"name": NAME})}
    )


BEHAVIOUR = record(
    {"scaleDown": record({"stabilizationWindowSeconds": {**WHOLE, "maximum": 3600}})}
)

REDIS = record(
    {"listName": {"type": "string"}, "listLength": NUMBER_AS_TEXT},
    databaseIndex=NUMBER_AS_TEXT,
    enableTLS={"enum": ["true", "false"]},
)

RABBITMQ = record(
    {
        "protocol": {"enum": ["auto", "http", "amqp"]},
        "queueName": {"type": "string"},
        "mode": {"enum": ["QueueLength", "MessageRate"]},
        "value": NUMBER_AS_TEXT,
    }
)

SECRETS = listed(
    record(
        {
            "parameter": {"enum": ["address", "username", "password", "host"]},
            "name": NAME,
            "key": {"type": "string"},
        }
    )
)

SCHEMAS = {
    "ScaledObject": resource(
        "keda.sh/v1alpha1",
        "ScaledObject",
        record(
            {
                "scaleTargetRef": record({"name": NAME}),
                "triggers": listed(
                    {"oneOf": [trigger("redis", REDIS), trigger("rabbitmq", RABBITMQ)]}
                ),
            },
            minReplicaCount={"type": "integer", "minimum": 0},
            maxReplicaCount=WHOLE,
            pollingInterval=WHOLE,
            cooldownPeriod=WHOLE,
            advanced=record({"horizontalPodAutoscalerConfig": record({"behavior": BEHAVIOUR})}),
        ),
    ),
    "TriggerAuthentication": resource(
        "keda.sh/v1alpha1", "TriggerAuthentication", record({"secretTargetRef": SECRETS})
    ),
    "PodMonitor": resource(
        "monitoring.coreos.com/v1",
        "PodMonitor",
        record(
            {
                "selector": record({"matchLabels": TEXTS}),
                "podMetricsEndpoints": listed(record({"port": {"type": "string"}})),
            },
            jobLabel={"type": "string"},
        ),
    ),
}
"""By kind."""
