"""The HTTP API: it sends the tasks of this service and tells how they are."""
