"""The tasks: one module for each task type. A new module here is a new task type."""

# Whoever imports a task gets this service's application, and not Celery's default one, which would
# send its messages to a queue that nobody reads.
import app.celery_app  # noqa: F401
