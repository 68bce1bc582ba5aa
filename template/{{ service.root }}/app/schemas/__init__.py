"""What goes into a task and what comes out of it."""
