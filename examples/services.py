"""The services that are described, and what only a person can say about them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """Commands inside a service, and the sentence before them."""

    text: str
    commands: str


@dataclass(frozen=True)
class Example:
    """A service.

    Attributes:
        page: the name of its page, without `.md`.
        title: the heading of its page.
        text: what it is for, and why it has these answers.
        folder: the folder it is made in, which gives it its name.
        answers: the answers that differ from the defaults.
        servers: what it needs beside its own processes, in sentences.
        variables: what must be given where it runs, each with the reason.
        calls: first calls of its tasks, which need no server.
    """

    page: str
    title: str
    text: str
    folder: str
    answers: dict[str, str]
    servers: str
    variables: dict[str, str]
    calls: tuple[Call, ...]


REDIS = "the Redis of this service, with user and password"

REPORTING = Example(
    page="reporting",
    title="Mails and reports on Redis",
    text="""\
Mails to customers, and a report of the day's sales that goes out every morning. Callers want to
know whether a mail was sent, so results are kept, in the Redis that is there anyway. Beat sends the
report by the clock, and Flower shows what runs.""",
    folder="worker-celery-reporting",
    answers={
        "description": "Mails to customers, and the report of the day",
        "task_types": "email, reports",
    },
    servers=(
        "Redis 6.2 or newer, or Valkey, keeps messages and results. A mail server takes the mails."
    ),
    variables={
        "CELERY_BROKER_URL": REDIS,
        "CELERY_RESULT_BACKEND": "another database of the same Redis, or another Redis",
        "FLOWER_BASIC_AUTH": "`user:password`; Flower does not start without",
        "SMTP_HOST": "the mail server",
        "SMTP_PORT": "587 with `starttls`, 465 with `tls`",
        "SMTP_SECURITY": "`starttls` or `tls`",
        "SMTP_USERNAME": "the login, if the mail server wants one",
        "SMTP_PASSWORD": "its password",
        "SMTP_FROM": "who the mails are from",
        "REPORTS_DIR": "a directory that all workers share, or a URL such as `s3://bucket/reports`",
        "REPORTS_MAIL_TO": "who gets the report of the day",
    },
    calls=(
        Call(
            "Two sales are in a file, and the report adds them up:",
            """\
mkdir -p var/reports/data
printf 'date,customer,amount\\n2026-11-03,Ada,19.90\\n2026-11-17,Grace,80.10\\n' \\
    > var/reports/data/sales.csv
.venv/bin/python -m app.call reporting.reports.custom \\
    '{"request": {"source": "sales.csv", "start": "2026-11-01", "end": "2026-11-30"}}'
""",
        ),
        Call(
            "A file that is not there cannot come by trying again. A worker would keep this call as"
            " a dead letter at once:",
            """\
.venv/bin/python -m app.call reporting.reports.custom \\
    '{"request": {"source": "august.csv", "start": "2026-11-01", "end": "2026-11-30"}}'
""",
        ),
    ),
)

BILLING = Example(
    page="billing",
    title="Orders and invoices on RabbitMQ",
    text="""\
Files of orders become rows, and invoices are made of them. Orders must outlive a server that dies,
so messages wait in RabbitMQ, in replicated queues. Results are looked at weeks later, so they are
rows of PostgreSQL. Two APIs are called. `etl` is a worked example of the template; `invoices` is a
name of the owners' own, and begins as a small task that runs.""",
    folder="worker-celery-billing",
    answers={
        "description": "Loads orders and makes invoices",
        "task_types": "etl, invoices",
        "broker": "rabbitmq",
        "result_backend": "database",
        "flower": "no",
        "external_apis": (
            "payments=https://api.payments.example/v1, exchange_rates=https://rates.example"
        ),
    },
    servers=(
        "RabbitMQ 3.10 or newer keeps messages, and must be installed for development too."
        " PostgreSQL keeps results."
    ),
    variables={
        "CELERY_BROKER_URL": "the virtual host of this service; `amqps://` is encrypted",
        "RABBITMQ_CONSUMER_TIMEOUT": "what your RabbitMQ has as `consumer_timeout`, in seconds",
        "CELERY_RESULT_BACKEND": "the database for results, with user and password",
        "ETL_DIR": "a directory that all workers share, or a URL such as `s3://bucket/etl`",
        "ETL_DATABASE": "a file on a disk that all workers share",
        "PAYMENTS_API_URL": "where the API is, in tests another one",
        "PAYMENTS_API_KEY": "the key, best as a file of secrets",
        "EXCHANGE_RATES_API_URL": "where the API is, in tests another one",
        "EXCHANGE_RATES_API_KEY": "the key, best as a file of secrets",
    },
    calls=(
        Call(
            "The first of the three steps of `etl` copies the rows, and a message never carries"
            " them. The next step gets this result:",
            """\
mkdir -p var/etl/incoming
printf 'order_id,date,customer,amount\\n1,2026-11-03,Ada,19.90\\n' > var/etl/incoming/orders.csv
.venv/bin/python -m app.call billing.etl.extract '{"source": {"file": "orders.csv"}}'
""",
        ),
        Call(
            "A file of another form is refused by name:",
            """\
printf 'number,total\\n1,19.90\\n' > var/etl/incoming/totals.csv
.venv/bin/python -m app.call billing.etl.extract '{"source": {"file": "totals.csv"}}'
""",
        ),
    ),
)

MEDIA = Example(
    page="media",
    title="Small jobs and nothing else",
    text="""\
Two kinds of work, and as little as possible around them. Nobody waits for a result, so none is
kept. Nothing is sent by the clock, no page shows tasks, no API is called. Both kinds are names of
the owners' own: each has a queue of its own, so transcripts that take minutes never hold up
thumbnails. This is the smallest service that the template makes.""",
    folder="worker-celery-media",
    answers={
        "description": "Makes thumbnails and transcripts",
        "task_types": "thumbnails, transcripts",
        "result_backend": "none",
        "beat": "no",
        "flower": "no",
    },
    servers="Redis 6.2 or newer, or Valkey, keeps messages.",
    variables={"CELERY_BROKER_URL": REDIS},
    calls=(
        Call(
            "The task as it comes takes items and names those it has processed. What it really does"
            " goes into `app/services/thumbnails.py`:",
            """\
.venv/bin/python -m app.call media.thumbnails.run '{"job": {"items": ["cover", "back"]}}'
""",
        ),
        Call(
            "A job that cannot succeed says so:",
            """\
.venv/bin/python -m app.call media.thumbnails.run '{"job": {"items": ["cover", " "]}}'
""",
        ),
    ),
)

EXAMPLES = (REPORTING, BILLING, MEDIA)
