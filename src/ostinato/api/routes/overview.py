"""How everything stands, and who asks."""

from __future__ import annotations

from fastapi import APIRouter
from typing_extensions import TypedDict

from ostinato import __version__
from ostinato.api.access import Viewer, Visit
from ostinato.api.dependencies import TheWorld
from ostinato.model.access import Role
from ostinato.operations import shapes
from ostinato.operations.doctor import examine
from ostinato.operations.status import get_status

router = APIRouter(tags=["overview"])


@shapes.described
class Me(TypedDict):
    """Who asks, and what of."""

    name: str
    role: Role
    login_required: bool
    version: str
    project: str
    """The folder of the project."""
    csrf: str | None
    """What a page sends along with whatever it changes, in the header X-Ostinato-CSRF; null where nobody logs in."""
    now: shapes.Instant


@router.get("/me")
def get_me(world: TheWorld, visitor: Visit) -> Me:
    """Say who asks, and what may be asked."""
    return {
        "name": visitor.person.name,
        "role": visitor.role,
        "login_required": visitor.login_required,
        "version": __version__,
        "project": str(world.config.folder),
        "csrf": visitor.csrf,
        "now": shapes.instant(world.clock.now()),
    }


@router.get("/status")
def get_overview(world: TheWorld, person: Viewer) -> shapes.Status:
    """Show how everything stands."""
    return shapes.status(get_status(world))


@router.get("/doctor")
def get_checks(world: TheWorld, person: Viewer) -> list[shapes.Check]:
    """Look for what is wrong with the installation. Nothing is changed. This takes its time."""
    return [shapes.check(check) for check in examine(world)]
