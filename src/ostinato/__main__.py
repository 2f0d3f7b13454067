"""``python -m ostinato`` is ``ostinato``."""

from __future__ import annotations

import sys

from ostinato.cli import main

sys.exit(main())
