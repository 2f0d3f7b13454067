"""Makes the modules of this folder importable by name: for its tests, and for agents that look for actions."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
