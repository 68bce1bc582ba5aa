"""The business logic: plain Python, without Celery."""
