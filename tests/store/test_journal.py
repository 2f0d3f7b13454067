"""What is left behind: passes, states of sources, revisions, leases, the audit log, and agents."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ostinato.model.engine import AuditEntry, SourceState, StepOutcome
from ostinato.model.statuses import AgentStatus
from ostinato.store import agents, journal, runs
from ostinato.store.database import Store
from ostinato.testing.factories import NOON, make_definition, make_new_run
from ostinato.testing.night import AGENT, Night

MINUTE = timedelta(minutes=1)


def test_passes_are_kept_with_their_outcomes(store: Store) -> None:
    """Newest first, as many as asked for; old ones are dropped."""
    outcomes = (StepOutcome("ensure_x", examined=3, changed=2, more=True), StepOutcome("y", failed=1, error="Oops: ß"))
    with store.write() as tx:
        for number in range(3):
            journal.keep_pass(
                tx, engine=f"e{number}", started_at=NOON + number * MINUTE, seconds=0.5, outcomes=outcomes
            )
        newest = journal.list_passes(tx, limit=2)
        dropped = journal.prune_passes(tx, before=NOON + MINUTE)
        left = journal.list_passes(tx, limit=9)

    assert [(kept.engine, kept.started_at, kept.seconds) for kept in newest] == [
        ("e2", NOON + 2 * MINUTE, 0.5),
        ("e1", NOON + MINUTE, 0.5),
    ]
    assert newest[0].outcomes == outcomes
    assert (dropped, left) == (1, newest)


def test_a_failed_load_keeps_the_time_of_the_last_good_one(store: Store) -> None:
    """The state of a source is the latest, but for when it last succeeded."""
    good = SourceState("b.yaml", "definitions", 3, NOON, NOON, "", "")
    bad = replace(good, loaded_at=NOON + MINUTE, succeeded_at=None, error="line 3")
    account = replace(good, name="z.csv", kind="accounts")
    with store.write() as tx:
        for state in (good, bad, account):
            journal.keep_source_state(tx, state)

        assert journal.list_source_states(tx) == [account, replace(bad, succeeded_at=NOON)]


def test_a_source_that_never_loaded_has_no_success(store: Store) -> None:
    """Its first load may fail."""
    bad = SourceState("b.yaml", "definitions", 0, NOON, None, "line 3", "")
    with store.write() as tx:
        journal.keep_source_state(tx, bad)

        assert journal.list_source_states(tx) == [bad]


def test_states_of_sources_of_one_kind_are_forgotten(store: Store) -> None:
    """Those that are declared no longer; the other kind may use the same names."""
    state = SourceState("a", "accounts", 0, NOON, NOON, "", "")
    with store.write() as tx:
        for kind in ("accounts", "definitions"):
            for name in "ab":
                journal.keep_source_state(tx, replace(state, name=name, kind=kind))
        journal.remove_source_states(tx, kind="accounts", keep=["a"])
        some = [(state.kind, state.name) for state in journal.list_source_states(tx)]
        journal.remove_source_states(tx, kind="definitions", keep=[])
        few = [(state.kind, state.name) for state in journal.list_source_states(tx)]

    assert some == [("accounts", "a"), ("definitions", "a"), ("definitions", "b")]
    assert few == [("accounts", "a")]


def test_revisions_count_changes(store: Store) -> None:
    """From nought; setting one says up to where it has been followed."""
    with store.write() as tx:
        assert journal.get_revision(tx, "declared") == 0
        for _ in range(3):
            journal.raise_revision(tx, "declared")
        journal.set_revision(tx, "lanes", 2)
        journal.set_revision(tx, "lanes", 3)

        assert (journal.get_revision(tx, "declared"), journal.get_revision(tx, "lanes")) == (3, 3)


def test_one_holds_the_lease_until_it_ends(store: Store) -> None:
    """The holder renews it, others wait until it has expired or was given back."""

    def take(holder: str, minutes: int) -> bool:
        with store.write() as tx:
            return journal.take_lease(tx, "engine", holder=holder, now=NOON + minutes * MINUTE, duration=10 * MINUTE)

    assert [take("a", 0), take("b", 1), take("a", 5), take("b", 14)] == [True, False, True, False]
    with store.read() as tx:
        assert journal.find_lease_holder(tx, "engine", now=NOON + 14 * MINUTE) == "a"
        assert journal.find_lease_holder(tx, "engine", now=NOON + 15 * MINUTE) is None
    assert [take("b", 15), take("a", 16)] == [True, False]
    with store.write() as tx:
        journal.release_lease(tx, "engine", holder="a")
    assert not take("a", 16)
    with store.write() as tx:
        journal.release_lease(tx, "engine", holder="b")
    assert take("a", 16)


def test_the_audit_log_says_who_changed_what(store: Store) -> None:
    """Newest first, and of one target if asked."""
    first = AuditEntry(NOON, "ann", "pause", "account acme", "audit", command="ostinato pause account acme")
    second = AuditEntry(NOON + MINUTE, "bob", "retry", "sales/-/2026-01-08", "")
    with store.write() as tx:
        journal.record_audit(tx, first)
        journal.record_audit(tx, second)

        assert journal.list_audit(tx, limit=9) == [second, first]
        assert journal.list_audit(tx, limit=1) == [second]
        assert journal.list_audit(tx, limit=9, target="account acme") == [first]


def test_an_agent_takes_over_the_row_of_its_name(night: Night) -> None:
    """A restarted agent is the same agent: it keeps its id, and its predecessor can send no heartbeat any more."""
    first = night.agent(AGENT)
    night.advance(minutes=5)
    with night.store.write() as tx:
        second = agents.register_agent(
            tx, name=AGENT, host="there", pid=2, queues=["a", "b"], concurrency=3, version="2", now=night.now
        )
        beaten = [agents.beat(tx, agent, status=AgentStatus.ALIVE, now=night.now) for agent in (first, second)]
        listed = agents.list_agents(tx)

    assert second.id == first.id
    assert (second.host, second.pid, second.queues, second.concurrency) == ("there", 2, ("a", "b"), 3)
    assert beaten == [False, True]
    assert listed == [second]


def test_agents_that_fall_silent_are_marked_once(night: Night) -> None:
    """Those alive or stopping; one that said goodbye is not lost, and one that beats again is back."""
    silent, stopping, stopped, fresh = (night.agent(name) for name in ("silent", "stopping", "stopped", "fresh"))
    night.advance(minutes=1)
    with night.store.write() as tx:
        agents.beat(tx, fresh, status=AgentStatus.ALIVE, now=night.now)
        agents.beat(tx, stopping, status=AgentStatus.STOPPING, now=NOON)
        agents.beat(tx, stopped, status=AgentStatus.STOPPED, now=NOON)

        marked = [agents.mark_lost_agents(tx, silent_since=since) for since in (NOON - MINUTE, NOON, NOON)]
        agents.beat(tx, silent, status=AgentStatus.ALIVE, now=night.now)
        statuses = {agent.name: agent.status for agent in agents.list_agents(tx)}

    assert marked == [0, 2, 0]
    assert statuses == {"fresh": "alive", "silent": "alive", "stopped": "stopped", "stopping": "lost"}


def test_agents_are_listed_with_the_number_of_their_runs(night: Night) -> None:
    """By name; only what runs counts."""
    night.declare(definitions=[make_definition(start="manual")])
    night.tick()
    definition = night.slot("sales/-/2026-01-08").definition_id
    with night.store.write() as tx:
        runs.create_runs(tx, [make_new_run(definition)] * 3, actor="ann", now=NOON)
    claimed = night.claim(agent="b", limit=2)
    night.agent("a")
    night.finish(claimed[0])

    with night.store.read() as tx:
        listed = agents.list_agents(tx)

    assert [(agent.name, agent.running) for agent in listed] == [("a", 0), ("b", 1)]
