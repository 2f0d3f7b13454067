"""Looking: how things stand, in the words in which scenarios expect it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from ostinato.actions.services import ChildCounts
from ostinato.durations import parse_duration
from ostinato.errors import OstinatoError, RunNotEnded
from ostinato.handles import Handle
from ostinato.model.runs import Run, Transition
from ostinato.model.statuses import FINAL_RUN_STATUSES, RunStatus
from ostinato.model.steps import StepRow
from ostinato.operations import plans as shown_plans
from ostinato.operations.questions import read_question
from ostinato.store import children, chunks, events, plans, runs
from ostinato.store import schema as t

if TYPE_CHECKING:
    from tests.conformance.playing import Play

NONE = "none"
"""What is said of a step or an event that is not there, and of an error that there is not."""


class Look:
    """One look at a play."""

    def __init__(self, play: Play) -> None:
        self.play = play

    def compare(self, expected: Mapping[str, Any], refused: Sequence[str]) -> Iterator[str]:
        """Yield, in words, where things stand otherwise than expected."""
        rest = dict(expected)
        yield from _compare_refusals(_as_list(rest.pop("refused")), refused)
        for plan, count in rest.pop("count", {}).items():
            yield from _differ(f"runs of {plan}", count, len(self.play.list_runs(plan)))
        for name, more in rest.pop("runs", {}).items():
            yield from self._compare_all(name, more)
        yield from self._compare_all("main", rest)

    def _compare_all(self, name: str, wanted: Mapping[str, Any]) -> Iterator[str]:
        for key in wanted.keys() & _WORLD:
            yield from _WORLD[key](self, wanted[key])
        of_run = {key: value for key, value in wanted.items() if key not in _WORLD}
        run = self.play.find_run(name)
        if run is None:
            yield from [f"there is no run {name}"] if of_run else []
            return
        look = RunLook(self.play, run)
        problems = [problem for key, value in of_run.items() for problem in _RUN[key](look, value)]
        yield from (f"{name}, {problem}" for problem in problems)
        if problems:
            yield look.tell_story()

    # --- the world ---------------------------------------------------------------------------------------------------

    def under_way(self, wanted: int) -> Iterator[str]:
        found = sum(len(hired.executor.under_way) for hired in self.play.plans.agents.values())
        yield from _differ("under way", wanted, found)

    def written(self, wanted: list[Any]) -> Iterator[str]:
        yield from _differ("written", wanted, self.play.stage.list_written())

    def calls_of(self, wanted: Mapping[str, int]) -> Iterator[str]:
        for step, count in wanted.items():
            yield from _differ(f"calls of {step}", count, self.play.stage.count_calls(step))

    def most_at_once(self, wanted: Mapping[str, int]) -> Iterator[str]:
        for plan, most in wanted.items():
            yield from _differ(f"live runs of {plan} at once", most, self._count_most_live(plan))

    def ended(self, wanted: list[str]) -> Iterator[str]:
        moves = [move for move in self._list_moves() if move.to_status in FINAL_RUN_STATUSES]
        yield from _differ("ended", wanted, [self.play.name_run(move.run_id) for move in moves])

    def _count_most_live(self, plan: str) -> int:
        """Count the runs of a plan that were ever live at once, by the history of them all."""
        live = most = 0
        ids = {run.id for run in self.play.list_runs(plan)}
        for move in self._list_moves():
            if move.run_id in ids:
                live += (move.from_status is None) - (move.to_status in FINAL_RUN_STATUSES)
                most = max(most, live)
        return most

    def _list_moves(self) -> list[Transition]:
        with self.play.world.store.read() as tx:
            order = list(tx.execute(select(t.transitions.c.run_id).order_by(t.transitions.c.id)).scalars())
            history = {run_id: iter(runs.list_transitions(tx, run_id)) for run_id in set(order)}
        return [next(history[run_id]) for run_id in order]


class RunLook:
    """One look at a run. Every method yields where what it is named for is otherwise than wanted."""

    def __init__(self, play: Play, found: Run) -> None:
        self.play = play
        self.found = found
        with play.world.store.read() as tx:
            rows = plans.list_steps(tx, found.id)
        self.rows = {row.step.name.replace(".finalize", " finalize"): row for row in rows}
        self.names: dict[int, str] = {row.step.number: name for name, row in self.rows.items()}
        if rows and rows[0].step.phase == "plan":
            self.rows["plan"] = rows[0]
            self.names[1] = "plan"

    def tell_story(self) -> str:
        """Tell what became of the run, for whoever wonders why it is not as expected."""
        steps = ", ".join(f"{name} {row.step.status}" for name, row in self.rows.items())
        errors = "; ".join(f"{name}: {row.step.error.message}" for name, row in self.rows.items() if row.step.error)
        moves = " → ".join(f"{move.to_status} ({move.cause})" for move in self._list_moves())
        return f"    {moves}\n    steps: {steps[:1000]}\n    errors: {errors}\n    calls: {self._list_calls()[:40]}"

    def run(self, wanted: str) -> Iterator[str]:
        yield from _differ("run", wanted, str(self.found.status))

    def reason(self, wanted: str) -> Iterator[str]:
        yield from _lack("reason", wanted, f"{self.found.reason} {self._list_moves()[-1].cause}")

    def end(self, wanted: str) -> Iterator[str]:
        yield from _differ("end", wanted, None if self.found.evidence is None else str(self.found.evidence.kind))

    def waits_for(self, wanted: str) -> Iterator[str]:
        gates = shown_plans.show_plan(self.play.world, self.found.id).gates
        said = [self.found.waits_for, self._list_moves()[-1].cause, *(gate.reason for gate in gates)]
        yield from _lack("waits for", wanted, " ".join(said))

    def held_by(self, wanted: str) -> Iterator[str]:
        holder = self.found.agent if self.found.status is RunStatus.RUNNING else "nobody"
        yield from _differ("held by", wanted, holder)

    def wakes_in(self, wanted: str) -> Iterator[str]:
        left = None if self.found.wake_at is None else self.found.wake_at - self.play.plans.clock.now()
        yield from _differ("wakes in", None if wanted == "never" else _to_span(wanted), left)

    def progress(self, wanted: float) -> Iterator[str]:
        yield from _differ("progress", wanted, shown_plans.show_plan(self.play.world, self.found.id).progress)

    def hooks(self, wanted: list[Any]) -> Iterator[str]:
        called = [name for id, name, _ in self.play.stage.hooks if id == self.found.id]
        yield from _compare_calls("hooks", wanted, called)

    def hooks_saw(self, wanted: list[str]) -> Iterator[str]:
        yield from _differ("hooks saw", wanted, [seen for id, _, seen in self.play.stage.hooks if id == self.found.id])

    def hook_errors(self, wanted: Mapping[str, str]) -> Iterator[str]:
        called = select(t.hook_calls.c.hook, t.hook_calls.c.error).where(t.hook_calls.c.run_id == self.found.id)
        with self.play.world.store.read() as tx:
            errors = {row.hook.rpartition("__")[2]: row.error["message"] for row in tx.execute(called) if row.error}
        for hook, part in wanted.items():
            yield from _lack(f"error of hook {hook}", part, errors.get(hook, ""))

    def calls(self, wanted: list[Any]) -> Iterator[str]:
        yield from _compare_calls("calls", wanted, self._list_calls())

    def run_calls(self, wanted: list[Any]) -> Iterator[str]:
        yield from _compare_calls("calls", wanted, [call for call in self._list_calls() if not call.endswith("plan")])

    def inputs(self, wanted: Mapping[str, Any]) -> Iterator[str]:
        given = {entry.step: entry.given for entry in self.play.stage.journal if entry.run_id == self.found.id}
        for step, value in wanted.items():
            yield from _differ(f"input of {step}", value, given.get(step))

    def events(self, wanted: Mapping[str, str]) -> Iterator[str]:
        with self.play.world.store.read() as tx:
            found = {event.name: event for event in events.list_events(tx, self.found.id)}
        for name, fate in wanted.items():
            kind, _, why = fate.partition(": ")
            event = found.get(name)
            yield from _differ(f"event {name}", kind, NONE if event is None else str(event.fate))
            if event is not None:
                yield from _lack(f"event {name}", why, event.reason)

    def waits_for_answer(self, wanted: Mapping[str, str]) -> Iterator[str]:
        for name, text in wanted.items():
            question = read_question(self.rows[name].step)
            yield from _differ(f"question of {name}", text, None if question is None else question.text)

    def children(self, wanted: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
        for name, counts in wanted.items():
            number = self.rows[name].step.number
            with self.play.world.store.read() as tx:
                by_status = children.count_children(tx, self.found.id, number)
            counted = ChildCounts(by_status=by_status)
            found = {key: getattr(counted, key) for key in ("success", "failed", "cancelled", "pending")}
            yield from _differ(f"children of {name}", dict(counts), {"total": sum(by_status.values()), **found})

    def chunks(self, wanted: Mapping[str, list[Any]]) -> Iterator[str]:
        for name, data in wanted.items():
            with self.play.world.store.read() as tx:
                found = [chunk.data for chunk in chunks.list_chunks(tx, self.found.id, self.rows[name].step.number)]
            yield from _differ(f"chunks of {name}", data, found)

    def failed_tries(self, wanted: Mapping[str, int]) -> Iterator[str]:
        with self.play.world.store.read() as tx:
            failed = [self.names[one.step] for one in plans.list_tries(tx, self.found.id)]
        for name, count in wanted.items():
            yield from _differ(f"failed tries of {name}", count, failed.count(name))

    def result(self, wanted: Any) -> Iterator[str]:
        yield from _differ("result", wanted, self._handle.result(timeout=0))
        yield from _differ("result, awaited", wanted, asyncio.run(self._handle.result_async(timeout=0)))

    def raises(self, wanted: str) -> Iterator[str]:
        try:
            returned = self._handle.result(timeout=0)
        except OstinatoError as error:
            yield from _lack("raises", wanted, str(error))
        else:
            yield f"raises: expected {wanted!r}, and it returned {returned!r}"

    def wait_ends_after(self, wanted: str) -> Iterator[str]:
        """Wait as long, and no longer: the clock moves while somebody waits."""
        began = self.play.plans.clock.now()
        try:
            status = self._handle.wait(parse_duration(wanted).total_seconds())
        except RunNotEnded:
            waited = (self.play.plans.clock.now() - began).total_seconds()
            yield from _differ("waited", parse_duration(wanted).total_seconds(), round(waited, 3))
        else:
            yield f"wait ends after: expected {wanted}, and it ended with {status}"

    def each_step(self, key: str, wanted: Mapping[str, Any]) -> Iterator[str]:
        """Compare what is wanted of steps, by their names."""
        for name, value in wanted.items():
            row = self.rows.get(name)
            if row is None:
                yield from _differ(f"{key} of {name}", value, NONE)
            elif key in _PARTS:
                yield from _lack(f"{key} of {name}", "" if value == NONE else value, _PARTS[key](row))
                if value == NONE:
                    yield from _differ(f"{key} of {name}", "", _PARTS[key](row))
            elif key == "outputs_with":
                yield from _contain(f"output of {name}", value, row.step.output)
            else:
                yield from _differ(f"{key} of {name}", value, _STEP[key](self, row))

    @property
    def _handle(self) -> Handle:
        return Handle.of(self.found.id, self.play.world)

    def _list_calls(self) -> list[str]:
        return [entry.text for entry in self.play.stage.journal if entry.run_id == self.found.id]

    def _list_moves(self) -> list[Transition]:
        with self.play.world.store.read() as tx:
            return runs.list_transitions(tx, self.found.id)


_PARTS: Mapping[str, Callable[[StepRow], str]] = {
    "errors": lambda row: row.step.error.message if row.step.error else "",
    "tracebacks": lambda row: row.step.error.traceback if row.step.error else "",
}
"""What is said of a step in words, of which a part is expected."""

_STEP: Mapping[str, Callable[[RunLook, StepRow], Any]] = {
    "steps": lambda look, row: str(row.step.status),
    "outputs": lambda look, row: row.step.output,
    "error_kinds": lambda look, row: str(row.step.error.kind) if row.step.error else NONE,
    "tries": lambda look, row: row.step.tries,
    "queues": lambda look, row: row.step.queue,
    "parents": lambda look, row: look.names.get(row.step.parent or 0),
    "step_progress": lambda look, row: [row.progress, row.progress_message],
}
"""What is known of a step."""

_WORLD: Mapping[str, Callable[[Look, Any], Iterator[str]]] = {
    name: getattr(Look, name) for name in ("under_way", "written", "calls_of", "most_at_once", "ended")
}


def _look_at_steps(key: str) -> Callable[[RunLook, Any], Iterator[str]]:
    return lambda look, wanted: look.each_step(key, wanted)


_RUN: Mapping[str, Callable[[RunLook, Any], Iterator[str]]] = {
    **{key: _look_at_steps(key) for key in (*_STEP, *_PARTS, "outputs_with")},
    **{
        name: look
        for name, look in vars(RunLook).items()
        if callable(look) and not name.startswith("_") and name not in ("tell_story", "each_step")
    },
}


def _compare_refusals(wanted: Sequence[str], found: Sequence[str]) -> Iterator[str]:
    if len(wanted) != len(found):
        yield f"refused: expected {list(wanted)}, found {list(found)}"
        return
    for part, reason in zip(wanted, found, strict=True):
        yield from _lack("refused", part, reason)


def _compare_calls(what: str, wanted: Sequence[Any], found: Sequence[str]) -> Iterator[str]:
    """Compare calls with those that are wanted; the order within a list is left open."""
    rest = list(found)
    for one in wanted:
        group = [one] if isinstance(one, str) else one
        next_ones, rest = rest[: len(group)], rest[len(group) :]
        if sorted(next_ones) != sorted(group):
            yield f"{what}: expected {list(wanted)}, found {list(found)}"
            return
    if rest:
        yield f"{what}: expected {list(wanted)}, found {list(found)}"


def _differ(what: str, wanted: Any, found: Any) -> Iterator[str]:
    if wanted != found or isinstance(wanted, bool) != isinstance(found, bool):
        yield f"{what}: expected {wanted!r}, found {found!r}"


def _lack(what: str, part: str, said: str) -> Iterator[str]:
    if part not in said:
        yield f"{what}: expected {part!r} in {said!r}"


def _contain(what: str, wanted: Any, found: Any) -> Iterator[str]:
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for key, value in wanted.items():
            yield from _contain(f"{what}[{key}]", value, found.get(key))
    else:
        yield from _differ(what, wanted, found)


def _as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _to_span(text: str) -> timedelta:
    if text.endswith("ms"):
        return timedelta(milliseconds=int(text.removesuffix("ms")))
    return parse_duration(text)
