"""Makes releases of this template: `make release VERSION=0.5.0`."""
