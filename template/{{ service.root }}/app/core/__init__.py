"""The plumbing under the tasks. It comes from the template and is kept current by it."""
