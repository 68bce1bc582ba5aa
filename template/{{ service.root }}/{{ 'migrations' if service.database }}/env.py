"""How Alembic reaches the database, and what it compares with: every model of the service."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from alembic import context
from alembic.operations.ops import MigrationScript
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, exc, func, select, text

from app.core import logs
from app.core.database import Base, engine
from app.core.discovery import import_models

OWN = Path(__file__).resolve().parent / "versions"
"""Where the migrations of the service's own models are. Those beside it belong to app/core."""

MIGRATING = 20_261_122
"""The number of the lock that lets one process at a time migrate."""

LOCK_TIMEOUT = 10
"""Seconds that a migration waits for a table that others use, before it fails as a whole."""


def is_modelled(_: Any, __: str | None, kind: str, reflected: bool, model: Any) -> bool:
    """Leave out tables that no model describes, such as those that Celery keeps results in."""
    return kind != "table" or not reflected or model is not None


def place(_: MigrationContext, __: Any, scripts: Iterable[MigrationScript]) -> None:
    """Let a new migration follow all of the service's own, and stand beside them."""
    found = ScriptDirectory.from_config(context.config)
    own = [head for head in found.get_revisions("heads") if Path(head.path).resolve().parent == OWN]
    for script in scripts:
        # Alembic takes several, for a migration that joins branches.
        heads: Any = [head.revision for head in own] or "base"
        script.head = heads
        script.version_path = str(OWN)


def migrate() -> None:
    """Do what the command line says, in one transaction."""
    with _connect() as connection:
        context.configure(
            connection=connection,
            include_object=is_modelled,
            process_revision_directives=place,
            target_metadata=Base.metadata,
        )
        with context.begin_transaction():
            connection.execute(select(func.pg_advisory_xact_lock(MIGRATING)))
            # Whoever waits for a table holds up all that come to it later.
            connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}s'"))
            if not is_ahead():
                context.run_migrations()


def is_ahead() -> bool:
    """Tell whether a newer version has migrated the database, and `-x ahead=stays` was given.

    Older versions run on newer tables, so whoever goes back to one has nothing to migrate.
    """
    known = {each.revision for each in ScriptDirectory.from_config(context.config).walk_revisions()}
    unknown = sorted(set(context.get_context().get_current_heads()) - known)
    if not unknown or context.get_x_argument(as_dictionary=True).get("ahead") != "stays":
        return False
    logging.getLogger("alembic").warning(
        "The database is ahead of this version, which does not know %s: it stays as it is.",
        ", ".join(unknown),
    )
    return True


def _connect() -> Connection:
    try:
        return engine().connect()
    except exc.OperationalError as error:
        raise SystemExit(f"DATABASE_URL: the database cannot be reached: {error.orig}") from None


def print_sql() -> None:
    """Print the SQL instead: `alembic upgrade heads --sql`."""
    context.configure(dialect_name="postgresql", literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


if context.config.cmd_opts:
    # From the command line, Alembic says what it does.
    logs.configure()
import_models()
if context.is_offline_mode():
    print_sql()
else:
    migrate()
