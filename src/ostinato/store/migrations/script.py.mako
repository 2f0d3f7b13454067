"""${message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "${up_revision}"
down_revision = "${down_revision}"


# There is no way down: an upgrade is one transaction, and whoever wants to go back restores the backup.
# On SQLite, op.batch_alter_table makes a new table of an old one, and drops the triggers of the old: make them again.
def upgrade() -> None:
    ${upgrades or "raise NotImplementedError"}
