"""The workflows: how tasks work together. Tasks that only a workflow needs are beside it."""

# Whoever imports a workflow gets this service's application, and not Celery's default one.
import app.celery_app  # noqa: F401
