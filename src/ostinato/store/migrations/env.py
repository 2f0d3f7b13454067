# ruff: noqa: INP001  Alembic loads it by its path, as it does migrations
"""Runs migrations on the connection that ``ostinato.store.versioning`` hands over, in its transaction."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
