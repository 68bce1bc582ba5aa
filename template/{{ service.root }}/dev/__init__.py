"""Development: the servers, processes and commands of a developer's machine."""
