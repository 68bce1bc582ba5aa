"""The pages in docs/examples: services that the template makes, described from their own files."""
