"""All renders of this layer share compiled templates that record their branches."""

from __future__ import annotations

from tests.harness import share_compiled_templates
from tests.render.jinja_coverage import record_branches

# Before the first template is compiled.
record_branches()
share_compiled_templates()
