"""Acting on many: what is done, what is refused, what a preview says, and that a request sent twice acts once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from ostinato.errors import InvalidValue, NotFound, StoreUnavailable
from ostinato.model.engine import AuditEntry
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.operations.acting.carrying_out import Acted, Action, Refused, Touched, act
from ostinato.operations.acting.choosing import Query
from ostinato.operations.acting.verbs import VERBS, About, Undo
from ostinato.operations.people import Person
from ostinato.store.schema import metadata
from ostinato.testing.factories import make_account, make_chain, make_definition
from ostinato.testing.night import Night
from ostinato.world import World

ADA = Person("ada", via="session")
ACME, BOLT = "sales/acme/2026-01-09", "sales/bolt/2026-01-09"

Audit = Callable[[], list[AuditEntry]]


@pytest.fixture
def failed(night: Night) -> Night:
    """Give a night in which the slots of both accounts have failed, and those of stock have not begun."""
    night.declare(
        accounts=[make_account("acme", labels={"tier": "gold"}), make_account("bolt")],
        definitions=[
            make_definition("sales", matrix="account", writes_to=("sales",)),
            make_definition("stock", matrix="account", reads_from=("sales",), writes_to=("stock",)),
        ],
    )
    night.work(lambda run: RunStatus.FAILED)
    return night


def ask(world: World, verb: str, *targets: str, by: Person = ADA, **values: Any) -> Acted:
    """Act on some targets."""
    return act(world, Action(verb, targets, **values), by=by)


def picture(world: World) -> list[str]:
    """Return every row of every table."""
    with world.store.read() as tx:
        return sorted(str(row) for table in metadata.sorted_tables for row in tx.execute(table.select()))


def test_each_target_is_done_or_refused_by_itself(failed: Night, world: World, audit: Audit) -> None:
    """One that is refused takes nothing back of the others, and each has its entry in the audit log."""
    acted = ask(world, "retry", ACME, "sales/acne/2026-01-09", "stock/acme/2026-01-09", BOLT, reason="mended")

    assert acted.touched == (
        Touched(ACME, f"gives {ACME} another attempt"),
        Touched(BOLT, f"gives {BOLT} another attempt"),
    )
    assert acted.refused == (
        Refused("sales/acne/2026-01-09", "there is no account acne", "did you mean acme?"),
        Refused(
            "stock/acme/2026-01-09",
            "stock/acme/2026-01-09 has not run yet",
            "to start it now: ostinato trigger stock/acme/2026-01-09",
        ),
    )
    assert acted.commands == (f"ostinato retry {ACME} --reason mended", f"ostinato retry {BOLT} --reason mended")
    assert [(entry.actor, entry.via, entry.target, entry.reason) for entry in audit()] == [
        ("ada", "session", BOLT, "mended"),
        ("ada", "session", ACME, "mended"),
    ]
    assert failed.face(ACME) is SlotFace.WAITING


def test_a_preview_says_what_would_be_done_and_does_nothing(failed: Night, world: World) -> None:
    """It goes the same way, so it says the same; not a row is different afterwards."""
    before = picture(world)

    shown = ask(world, "retry", ACME, "stock/acme/2026-01-09", preview=True)
    after = picture(world)
    done = ask(world, "retry", ACME, "stock/acme/2026-01-09")

    assert before == after
    assert replace(shown, preview=False) == done
    assert picture(world) != before


def test_a_preview_of_an_override_says_that_it_wants_a_reason(failed: Night, world: World) -> None:
    """And is shown without one."""
    shown = ask(world, "rerun", ACME, preview=True)

    assert shown.needs_reason
    assert [touched.does for touched in shown.touched] == [f"runs {ACME} again"]
    assert not ask(world, "retry", ACME, preview=True).needs_reason


def test_a_preview_of_a_rerun_downstream_says_how_far_it_goes(failed: Night, world: World) -> None:
    """How many slots of which definitions; the command line says the same."""
    failed.declare(definitions=make_chain("load", "sum"), source="other")
    failed.work()

    shown = ask(world, "rerun", "load/-/2026-01-09", preview=True, given={"downstream": True}, reason="late")

    (touched,) = shown.touched
    assert touched.does == "runs load/-/2026-01-09 again, and after it 1 slot downstream (sum 1)"
    assert shown.commands == ("ostinato rerun load/-/2026-01-09 --downstream --reason late",)


def test_what_failed_is_accepted_on_many_at_once(failed: Night, world: World) -> None:
    """Each with the same reason."""
    done = ask(world, "accept", ACME, reason="sold")

    assert [one.does for one in done.touched] == [
        f"lets {ACME} count as done, with a warning; what waits for it goes on"
    ]
    assert failed.face(ACME) is SlotFace.WARNING
    assert done.commands == (f"ostinato accept {ACME} --reason sold",)


def test_a_note_is_its_reason(failed: Night, world: World) -> None:
    """Without one it says nothing; of what it is about nothing changes."""
    before = failed.runs(), failed.slots()

    with pytest.raises(InvalidValue, match="note says nothing yet"):
        ask(world, "note", ACME)
    done = ask(world, "note", ACME, reason="they know")

    assert done.commands == (f"ostinato note {ACME} 'they know'",)
    assert (failed.runs(), failed.slots()) == before


@pytest.mark.parametrize(
    ("verb", "target", "given"),
    [
        ("rerun", ACME, {}),
        ("rerun", ACME, {"downstream": True}),
        ("accept", ACME, {}),
        ("halt", ACME, {}),
        ("fail", ACME, {}),
        ("boost", ACME, {"priority": 5}),
        ("trigger", "stock/acme/2026-01-09", {}),
        ("trigger", "stock/acme/2026-01-15", {}),
    ],
)
def test_an_override_wants_a_reason(failed: Night, world: World, verb: str, target: str, given: dict[str, Any]) -> None:
    """Also for a slot that is triggered while something stands against it; nothing is done to any target before."""
    before = picture(world)

    for reason in ("", " \n"):
        with pytest.raises(InvalidValue, match="wants a reason"):
            ask(world, verb, target, reason=reason, given=given)

    assert picture(world) == before


def test_a_slot_that_may_start_is_triggered_without_reason(failed: Night, world: World) -> None:
    """One that waits for just that, and a definition that is run once."""
    failed.declare(definitions=[make_definition("manual", start="manual")], source="other")
    failed.tick()

    slot = ask(world, "trigger", "manual/2026-01-09")
    once = ask(world, "trigger", "definition manual", "manual")

    assert [one.target for one in (*slot.touched, *once.touched)] == [
        "manual/2026-01-09",
        "definition manual",
        "manual",
    ]
    assert once.commands == ("ostinato trigger manual", "ostinato trigger manual")


def test_no_code_of_the_project_is_run_here(world: World) -> None:
    """Whoever triggers a plan plans it, and that is not for the process that answers everybody."""
    (refused,) = ask(world, "trigger", "antigravity:fly").refused

    assert refused.hint == "where the project is: ostinato trigger antigravity:fly"


def test_a_query_finds_slots_of_the_night(failed: Night, world: World) -> None:
    """By definition, account, label, words, status and what they wait for; of a night that is over, too."""

    def found(**query: Any) -> list[str]:
        shown = act(world, Action("retry", query=Query(**query), preview=True), by=ADA)
        return [one.target for one in shown.touched] + [one.target for one in shown.refused]

    assert found(status=SlotFace.FAILED) == [ACME, BOLT]
    assert found(definition="sales", account="bolt") == [BOLT]
    assert found(status=SlotFace.FAILED, search="bol") == [BOLT]
    assert found(labels={"tier": "gold"}) == [ACME, "stock/acme/2026-01-09"]
    assert found(gate="upstream") == ["stock/acme/2026-01-09", "stock/bolt/2026-01-09"]
    failed.advance(days=1)
    failed.tick()
    assert found(definition="sales", at=failed.now.replace(day=10)) == [ACME, BOLT]
    with pytest.raises(NotFound, match="there is no definition sale"):
        found(definition="sale")


@pytest.mark.parametrize(
    ("action", "problem"),
    [
        (Action("retry"), "targets, or a query"),
        (Action("retry", (ACME,), Query(status=SlotFace.FAILED)), "targets, or a query"),
        (Action("retry", query=Query()), "means everything"),
        (Action("pause", query=Query(account="acme")), "a query finds slots"),
        (Action("retry", tuple(map(str, range(1_001)))), "1,001 targets"),
        (Action("retry", (ACME,), given={"priority": 5}), "with.priority"),
        (Action("boost", (ACME,), reason="why", given={"priority": "5"}), "with.priority"),
        (Action("skip", ("5",)), "with.step"),
        (Action("send-event", ("5",), given={"step": "a", "event": "b", "payload": "\0"}), "NUL"),
        (Action("retry", (ACME,), key="k" * 201), "at most 200"),
    ],
)
def test_what_cannot_be_meant_is_refused_as_a_whole(world: World, action: Action, problem: str) -> None:
    """It says what is wrong, before anything is done."""
    with pytest.raises(InvalidValue, match=problem):
        act(world, action, by=ADA)


def test_an_unknown_verb_is_answered_by_those_there_are(world: World) -> None:
    """All of them."""
    with pytest.raises(NotFound, match="there is no verb dance") as missing:
        ask(world, "dance", ACME)

    assert missing.value.hint == f"there are: {', '.join(VERBS)}"


def test_what_was_done_is_undone_by_what_the_answer_says(failed: Night, world: World) -> None:
    """Of definitions, accounts and agents; what was refused is not part of it."""
    failed.agent("box")
    for verb, target, opposite in (("pause", "account acme", "unpause"), ("drain", "box", "undrain")):
        before = picture(world)
        done = ask(world, verb, target, "account nobody" if verb == "pause" else "nobody")
        assert done.undo == Undo(opposite, (target,))
        undone = ask(world, done.undo.verb, *done.undo.targets)
        assert undone.undo == Undo(verb, (target,))
        assert undone.refused == ()
        assert len(picture(world)) == len(before) + 2  # the audit entries


def test_boosts_are_taken_back_each_to_what_it_was(failed: Night, world: World) -> None:
    """However different."""
    ask(world, "retry", ACME, BOLT)
    ask(world, "boost", ACME, reason="first", given={"priority": 3})

    done = ask(world, "boost", ACME, BOLT, reason="the board waits", given={"priority": 10})
    assert done.undo is not None
    ask(world, done.undo.verb, *done.undo.targets, reason="undo", given=done.undo.given)

    assert done.undo.given == {"priorities": {ACME: 3, BOLT: 0}}
    assert [failed.run(name).priority for name in (ACME, BOLT)] == [3, 0]
    assert done.commands[0] == f"ostinato boost {ACME} --priority 10 --reason 'the board waits'"


def test_a_request_sent_again_acts_once(failed: Night, world: World, audit: Audit) -> None:
    """Though its slot has failed again by then; it is answered with what was done."""
    first = ask(world, "retry", ACME, key="7c0e", reason="mended")
    failed.work(lambda run: RunStatus.FAILED)

    again = ask(world, "retry", ACME, key="7c0e", reason="mended")

    assert again.touched == (Touched(ACME, "was done by this request before, at 2026-01-10T12:00:00Z"),)
    assert again.undo is None
    assert again.commands == first.commands
    assert len(failed.runs(ACME)) == 2
    assert len(audit()) == 1


def test_a_request_sent_again_goes_on_with_what_was_left(failed: Night, world: World) -> None:
    """Targets that were refused, or that a query finds by now."""
    ask(world, "retry", ACME, key="7c0e")
    act(world, Action("retry", query=Query(account="acme"), key="7c0f"), by=ADA)

    both = ask(world, "retry", ACME, BOLT, key="7c0e")

    assert [one.does[:5] for one in both.touched] == ["was d", "gives"]


def test_the_same_key_means_another_request_elsewhere(failed: Night, world: World) -> None:
    """With another verb, from another person, or with something else given."""
    ask(world, "retry", ACME, key="7c0e")
    boosts = [ask(world, "boost", ACME, key="7c0e", reason="why", given={"priority": n}) for n in (1, 2, 2)]
    other = ask(world, "retry", BOLT, key="7c0e", by=Person("grace"))

    assert [one.touched[0].does.startswith("gives") for one in boosts] == [True, True, False]
    assert other.touched[0].does.startswith("gives")


def test_a_query_sent_again_is_answered_with_what_it_has_done(failed: Night, world: World) -> None:
    """Though it finds nothing any more."""
    action = Action("retry", query=Query(status=SlotFace.FAILED), key="7c0e")
    first = act(world, action, by=ADA)

    again = act(world, action, by=ADA)

    assert [one.target for one in first.touched] == [one.target for one in again.touched] == [ACME, BOLT]
    assert [len(failed.runs(name)) for name in (ACME, BOLT)] == [2, 2]


@pytest.mark.parametrize("key", ["", "7c0e"])
def test_a_double_click_acts_once(failed: Night, world: World, key: str) -> None:
    """Two requests at the same moment, on a definition that is run once: with a key there is one run."""
    barrier = Barrier(2)

    def click(_: int) -> Acted:
        barrier.wait()
        return ask(world, "trigger", "sales", key=key, given={"account": "acme"})

    before = len(failed.runs())
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(click, range(2)))

    assert len(failed.runs()) - before == (1 if key else 2)
    assert all(len(answer.touched) == 1 and not answer.refused for answer in answers)


def test_of_two_people_who_retry_at_once_one_is_told(failed: Night, world: World, audit: Audit) -> None:
    """Each slot gets one attempt, whoever asks; who came second learns what stands against it."""
    barrier = Barrier(2)

    def go(name: str) -> Acted:
        barrier.wait()
        return ask(world, "retry", ACME, BOLT, by=Person(name), key="the same key of two people")

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(go, ["ada", "grace"]))

    assert sum(len(answer.touched) for answer in answers) == sum(len(answer.refused) for answer in answers) == 2
    assert all("has a run that is waiting" in one.why for answer in answers for one in answer.refused)
    assert [len(failed.runs(name)) for name in (ACME, BOLT)] == [2, 2]
    assert len(audit()) == 2


def test_after_an_outage_it_is_told_what_was_done(failed: Night, world: World) -> None:
    """Who sends it again, with its key, has the rest done, and nothing twice."""
    commits = iter(["", "", "away"])

    def fail_at(point: str) -> None:
        if point == "before commit" and next(commits, ""):
            raise StoreUnavailable("the database is away")

    failed.store.fault_point = fail_at
    targets = ("account acme", "definition sales", "account bolt", "definition stock")
    paused = ask(world, "pause", *targets, key="7c0e")
    again = ask(world, "pause", *targets, key="7c0e")

    assert [one.target for one in paused.touched] == ["account acme", "definition sales"]
    assert [one.why for one in paused.refused] == ["the database is away"] * 2
    assert [one.does[:5] for one in again.touched] == ["was d", "was d", "keeps", "keeps"]


def test_an_outage_before_anything_is_done_is_an_error(failed: Night, world: World) -> None:
    """As of any other request."""

    def fail(point: str) -> None:
        raise StoreUnavailable("the database is away")

    failed.store.fault_point = fail

    with pytest.raises(StoreUnavailable):
        ask(world, "pause", "account acme", "account bolt")


def test_hostile_names_are_data(failed: Night, world: World) -> None:
    """They come back as they were, and cannot leave the quotes of a command."""
    hostile = "definition '; rm -rf / #\n<script>\u202e"
    (refused,) = ask(world, "pause", hostile).refused
    reason = 'it\'s $(reboot) `now`\n"now"'

    done = ask(world, "pause", "definition sales", reason=reason)

    assert refused.target == hostile
    assert done.commands == ("ostinato pause definition sales --reason 'it'\"'\"'s $(reboot) `now`\n\"now\"'",)


def test_every_verb_says_what_it_is_about() -> None:
    """A query is for slots; every verb that undoes another is one itself."""
    assert {name for name, verb in VERBS.items() if not verb.about.can_be_found} == {
        "pause",
        "unpause",
        "drain",
        "undrain",
    }
    assert {verb.about for verb in VERBS.values()} == set(About)
