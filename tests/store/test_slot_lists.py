"""Lists of slots and counts of them: what is told, in which order, and where it is cut."""

from __future__ import annotations

from datetime import timedelta

from ostinato.model.slots import Slot, SlotFace, SlotPlace
from ostinato.model.statuses import RunStatus
from ostinato.store import slots
from ostinato.store.slot_lists import Faces, SlotFilter, count_slots, list_slots
from ostinato.store.types import EPOCH
from ostinato.testing.factories import NOON, make_account, make_chain, make_definition, utc
from ostinato.testing.night import Night

DAY = timedelta(days=1)
FAR = NOON + timedelta(days=1_000)


def shown(*faces: SlotFace) -> Faces:
    """Mean slots that are shown so at noon."""
    return Faces(frozenset(faces), NOON)


def test_slots_are_listed_by_what_is_asked_of_them(night: Night) -> None:
    """Every filter narrows the answer; it comes by start, then in the order in which lanes came to be."""
    night.declare(accounts=[make_account("b"), make_account("a")], definitions=make_chain("x", "y", matrix="account"))
    night.tick()
    night.finish("x/a/2026-01-08", RunStatus.FAILED)

    def chosen(**values: object) -> list[str]:
        with night.store.read() as tx:
            return [str(slot.name) for slot in list_slots(tx, SlotFilter(**values))]  # type: ignore[arg-type]

    assert chosen(until=utc("2026-01-09")) == [f"{x}/{a}/2026-01-08" for x in "xy" for a in "ba"]
    assert chosen(definition="y", account="b", since=utc("2026-01-19")) == ["y/b/2026-01-19", "y/b/2026-01-20"]
    assert chosen(faces=shown(SlotFace.RETRYING)) == ["x/a/2026-01-08"]
    assert chosen(faces=shown(SlotFace.RUNNING), account="b") == ["x/b/2026-01-08", "x/b/2026-01-09"]
    with night.store.read() as tx:
        newest = list_slots(tx, SlotFilter(definition="x", account="a"), limit=1, newest_first=True)
    assert [str(slot.name) for slot in newest] == ["x/a/2026-01-20"]


def test_the_counts_are_those_of_the_faces(night: Night) -> None:
    """Counting in the database and showing slot by slot give the same numbers, for every status there is."""
    night.declare(
        definitions=[
            *make_chain("load", "agg"),
            make_definition("hand", start="manual"),
            make_definition("jobs", starts_on=utc("2026-01-01").date()),
        ]
    )
    night.steps = night.steps[:5]
    night.tick()
    ends = [*RunStatus][2:]
    for run, status in zip(night.claim(), ends, strict=False):
        if status in {RunStatus.SUCCESS, RunStatus.WARNING, RunStatus.FAILED, RunStatus.CANCELLED}:
            night.finish(run, status)
    take_one = night.slot("jobs/-/2026-01-09")
    with night.store.write() as tx:
        slots.fail_slots(tx, {take_one.id: "never"}, now=NOON)

    shown = list(night.slots().values())
    with night.store.read() as tx:
        counted = count_slots(tx, now=NOON, since=EPOCH, until=FAR)

    assert counted == {face: shown.count(face) for face in set(shown)}
    assert {SlotFace.FUTURE, SlotFace.BLOCKED, SlotFace.RUNNING, SlotFace.SUCCESS, SlotFace.CANCELLED} <= set(counted)


def test_what_ended_long_ago_is_counted_no_more(night: Night) -> None:
    """Nor what comes due much later; what has failed or is open is counted however old it is."""
    night.declare(definitions=[make_definition("jobs", starts_on=utc("2026-01-05").date())])
    night.tick()
    for day, status in ((5, RunStatus.SUCCESS), (6, RunStatus.FAILED)):
        night.finish(f"jobs/-/2026-01-0{day}", status)
    failed = night.slot("jobs/-/2026-01-06")
    with night.store.write() as tx:
        slots.fail_slots(tx, {failed.id: "never"}, now=NOON)
    night.advance(days=2)
    night.finish("jobs/-/2026-01-07")

    with night.store.read() as tx:
        near = count_slots(tx, now=night.now, since=night.now - DAY, until=night.now + DAY)

    assert near == {
        SlotFace.FAILED: 1,
        SlotFace.SUCCESS: 1,
        SlotFace.RUNNING: 2,
        SlotFace.READY: 2,
        SlotFace.FUTURE: 1,
    }


def test_pages_of_a_list_make_the_whole_of_it(night: Night) -> None:
    """Each slot is on one page, whichever part of the table it is in, and in the same order."""
    night.declare(
        accounts=[make_account("b"), make_account("a")],
        definitions=[*make_chain("x", "y", matrix="account"), make_definition("hand", start="manual")],
    )
    night.tick()
    night.finish("x/a/2026-01-08", RunStatus.FAILED)
    night.finish("x/b/2026-01-08")

    def turn(after: SlotPlace | None, *, newest_first: bool) -> list[Slot]:
        with night.store.read() as tx:
            return list_slots(tx, SlotFilter(), limit=5, newest_first=newest_first, after=after)

    for newest_first in (True, False):
        with night.store.read() as tx:
            whole = list_slots(tx, SlotFilter(), newest_first=newest_first)
        paged = page = turn(None, newest_first=newest_first)
        while page:
            page = turn(SlotPlace(page[-1].starts_at, page[-1].lane_id), newest_first=newest_first)
            paged = paged + page
        assert paged == whole
        assert len({slot.id for slot in paged}) == len(paged) == len(night.slots())


def test_of_few_lanes_only_so_many_are_taken(night: Night) -> None:
    """The newest and the oldest that have succeeded are found for a definition, an account and both."""
    night.declare(accounts=[make_account("b"), make_account("a")], definitions=make_chain("x", "y", matrix="account"))
    night.work()
    done = shown(SlotFace.SUCCESS)

    def find(*, newest_first: bool, **owners: str) -> list[str]:
        with night.store.read() as tx:
            found = list_slots(tx, SlotFilter(faces=done, **owners), limit=2, newest_first=newest_first)  # type: ignore[arg-type]
        return [str(slot.name) for slot in found]

    assert find(definition="x", newest_first=True) == ["x/b/2026-01-09", "x/a/2026-01-09"]
    assert find(account="a", newest_first=False) == ["x/a/2026-01-08", "y/a/2026-01-08"]
    assert find(definition="y", account="a", newest_first=True) == ["y/a/2026-01-09", "y/a/2026-01-08"]
