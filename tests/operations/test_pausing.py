"""Pausing and resuming: what starts and what does not, what is refused, and who wins."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ostinato.errors import NotFound, NotPossible
from ostinato.model.engine import AuditEntry
from ostinato.model.slots import SlotFace
from ostinato.operations.pausing import Pausable, Pausing, pause, resume
from ostinato.operations.people import Person
from ostinato.testing.factories import make_account, make_definition
from ostinato.testing.night import Night
from ostinato.world import World

ADA = Person("ada")
BOTH = pytest.mark.parametrize(("kind", "name"), [(Pausable.DEFINITION, "sales"), (Pausable.ACCOUNT, "acme")])

Audit = Callable[[], list[AuditEntry]]
TwoAtOnce = Callable[[Callable[[Person], Pausing]], tuple[Pausing, NotPossible]]


def declare(night: Night) -> None:
    """Declare two definitions for two accounts, and make them known without any run."""
    night.declare(
        accounts=[make_account("acme"), make_account("other")],
        definitions=[make_definition("sales", matrix="account"), make_definition("stock", matrix="account")],
    )
    steps, night.steps = night.steps, night.steps[:3]
    night.tick()
    night.steps = steps


@BOTH
def test_nothing_of_what_is_paused_starts_until_it_is_resumed(
    night: Night, world: World, audit: Audit, kind: Pausable, name: str
) -> None:
    """What else there is goes on; after the end of the pause the next pass makes up for it."""
    declare(night)

    pause(world, kind, name, by=ADA, reason="unpaid")
    during = night.work()
    resume(world, kind, name, by=ADA, reason="paid")
    after = night.work()

    assert not [slot for slot in during if name in slot]
    assert len(during) == len(after) == 4
    assert all(name in slot for slot in after)
    assert audit() == [
        AuditEntry(
            night.now, "ada", "resume", f"{kind} {name}", "paid", command=f"ostinato resume {kind} {name} --reason paid"
        ),
        AuditEntry(
            night.now,
            "ada",
            "pause",
            f"{kind} {name}",
            "unpaid",
            command=f"ostinato pause {kind} {name} --reason unpaid",
        ),
    ]


@BOTH
def test_what_runs_already_goes_on(night: Night, world: World, kind: Pausable, name: str) -> None:
    """A pause stops starts, not runs."""
    declare(night)
    night.tick()
    night.claim()

    answer = pause(world, kind, name, by=ADA)

    assert answer == Pausing(kind, name, paused=True)
    assert night.face("sales/acme/2026-01-09") is SlotFace.RUNNING
    assert night.finish("sales/acme/2026-01-09")


@BOTH
def test_what_is_paused_cannot_be_paused_again(
    night: Night, world: World, audit: Audit, kind: Pausable, name: str
) -> None:
    """The refusal says by whom and why it was, so that nobody resumes it unawares."""
    declare(night)
    pause(world, kind, name, by=ADA, reason="unpaid")

    with pytest.raises(NotPossible) as refusal:
        pause(world, kind, name, by=Person("grace"))

    assert refusal.value.message == f"{kind} {name} is paused already since 2026-01-10T12:00:00Z, by ada (unpaid)"
    assert refusal.value.hint == f"to let it go on: ostinato resume {kind} {name}"
    assert len(audit()) == 1


@BOTH
def test_what_is_not_paused_cannot_be_resumed(
    night: Night, world: World, audit: Audit, kind: Pausable, name: str
) -> None:
    """Something else must keep it from starting; the hint says how to learn what."""
    declare(night)

    with pytest.raises(NotPossible, match=f"{kind} {name} is not paused"):
        resume(world, kind, name, by=ADA)

    assert audit() == []


@pytest.mark.parametrize("change", [pause, resume])
@pytest.mark.parametrize(("kind", "near"), [(Pausable.DEFINITION, "sale"), (Pausable.ACCOUNT, "acne")])
def test_an_unknown_name_is_answered_by_the_nearest(
    night: Night, world: World, change: Callable[..., Pausing], kind: Pausable, near: str
) -> None:
    """A slip of the finger changes nothing."""
    declare(night)

    with pytest.raises(NotFound, match=f"there is no {kind} {near}") as missing:
        change(world, kind, near, by=ADA)

    assert missing.value.hint in ("did you mean sales?", "did you mean acme?")


@BOTH
def test_one_of_two_who_pause_at_once_is_told_of_the_other(
    *, night: Night, world: World, audit: Audit, two_at_once: TwoAtOnce, kind: Pausable, name: str
) -> None:
    """Who came second learns who was first."""
    declare(night)

    _, refusal = two_at_once(lambda person: pause(world, kind, name, by=person))

    assert refusal.message.endswith(f"by {audit()[0].actor}")
    assert len(audit()) == 1


@BOTH
def test_one_of_two_who_resume_at_once_is_told(
    *, night: Night, world: World, audit: Audit, two_at_once: TwoAtOnce, kind: Pausable, name: str
) -> None:
    """It is not paused any more by then."""
    declare(night)
    pause(world, kind, name, by=ADA)

    _, refusal = two_at_once(lambda person: resume(world, kind, name, by=person))

    assert refusal.message == f"{kind} {name} is not paused"
    assert [entry.action for entry in audit()] == ["resume", "pause"]
