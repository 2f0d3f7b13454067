"""Declared plans: what a definition becomes as steps, and what of a plan a retry takes over."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato.model.definitions import DeclaredDefinition, DeclaredStep, Rescue, RetryKind, RetryRule
from ostinato.model.evidence import EndKind
from ostinato.model.references import list_references, resolve
from ostinato.model.statuses import StepStatus
from ostinato.model.steps import COMMAND, Phase, Step, StepError, StepRules, WakeKind
from ostinato.policies.declared_plans import (
    carry_over,
    expand_inputs,
    list_needs,
    list_used_placeholders,
    plan_definition,
)
from ostinato.testing.factories import NOON

VALUES = {"account": "acme", "start_date": "2026-01-05"}
RETRY = RetryRule(RetryKind.FIXED, attempts=3)


def plan(*steps: DeclaredStep, **values: Any) -> tuple[Step, ...]:
    """Plan a definition of these steps."""
    return plan_definition(DeclaredDefinition("d", steps=steps, **values))


def plan_inputs(inputs: dict[str, Any]) -> Step:
    """Plan an action with these inputs beside a step ``a``, and expand its placeholders."""
    _, step = expand_inputs(plan(DeclaredStep("a", ("run",)), DeclaredStep("b", action="m:f", inputs=inputs)), VALUES)
    return step


def test_a_command_is_one_step() -> None:
    """It is planned with its templates as they are, fails when it fails, and has no time limit of its own."""
    definition = DeclaredDefinition(
        "d",
        ("run", "{account}"),
        environment={"DAY": "{start_date}"},
        working_directory="in",
        time_limit=timedelta(hours=1),
        retry=RETRY,
    )

    assert plan_definition(definition) == (
        Step(
            1,
            "command",
            COMMAND,
            input={
                "arguments": ["run", "{account}"],
                "environment": {"DAY": "{start_date}"},
                "working_directory": "in",
            },
            rules=StepRules(rescue=Rescue.FAIL),
        ),
    )


def test_an_action_is_the_step_that_plans_the_others() -> None:
    """Nothing of it has begun when it fails, so there is nothing to rescue."""
    definition = DeclaredDefinition("d", action="shop.flows:report", inputs={"day": "{start_date}", "n": [1]})

    assert expand_inputs(plan_definition(definition), VALUES) == (
        Step(
            1,
            "report",
            "shop.flows:report",
            Phase.PLAN,
            input={"day": "2026-01-05", "n": [1]},
            rules=StepRules(rescue=Rescue.FAIL),
        ),
    )


def test_steps_have_what_is_declared_of_them() -> None:
    """What a step does not say, the definition says."""
    first, second = plan(
        DeclaredStep(
            "extract",
            ("run",),
            retry=RETRY,
            timeout=timedelta(minutes=1),
            rescue=Rescue.SKIP,
            idempotent=True,
            queue="io",
            environment={"A": "own"},
            working_directory="in",
        ),
        DeclaredStep("check", ("run",)),
        rescue=Rescue.PAUSE,
        environment={"A": "all", "B": "all"},
        working_directory="all",
        queue="night",
    )

    assert (first.number, first.name, first.action, first.phase, first.queue) == (
        1,
        "extract",
        COMMAND,
        Phase.RUN,
        "io",
    )
    assert first.rules == StepRules(RETRY, timeout=timedelta(minutes=1), rescue=Rescue.SKIP, idempotent=True)
    assert first.input == {
        "arguments": ["run"],
        "environment": {"A": "own", "B": "all"},
        "working_directory": "in",
    }
    assert (second.number, second.queue, second.rules) == (2, None, StepRules(rescue=Rescue.PAUSE))
    assert second.input == {
        "arguments": ["run"],
        "environment": {"A": "all", "B": "all"},
        "working_directory": "all",
    }


def test_outputs_in_a_command_are_references() -> None:
    """One that stands alone is one; among other text it is joined to what is still a template."""
    _, step = plan(
        DeclaredStep("a", ("run",)),
        DeclaredStep(
            "b",
            ("run", "{steps.a.rows[0].id}", "{account}={steps.a.n},{{", "{steps.a}{steps.a.n}"),
            environment={"N": "{steps.a.n}"},
            working_directory="{account}/{steps.a.folder}",
        ),
    )

    n = {"$ref": 1, "path": ["n"]}
    assert step.input == {
        "arguments": [
            "run",
            {"$ref": 1, "path": ["rows", 0, "id"]},
            {"$text": ["{account}=", n, ",{{"]},
            {"$text": [{"$ref": 1, "path": []}, n]},
        ],
        "environment": {"N": n},
        "working_directory": {"$text": ["{account}/", {"$ref": 1, "path": ["folder"]}]},
    }


def test_outputs_in_inputs_keep_their_type() -> None:
    """A reference stands for what the step put out; texts around it are expanded, and it is not."""
    step = plan_inputs({"rows": "{steps.a.rows}", "deep": [{"day": "{start_date}", "all": "{steps.a}"}], "none": None})

    output = {"rows": [1, "{account}"]}
    assert resolve(step.input, {1: output}) == {
        "rows": [1, "{account}"],
        "deep": [{"day": "2026-01-05", "all": output}],
        "none": None,
    }
    assert step.needs == (1,)


def test_a_users_own_mapping_is_never_taken_for_a_reference() -> None:
    """It comes back as it was declared, its texts expanded, however deep the marks stand."""
    own = {"$ref": 1, "path": ["{account}"], "deep": {"$value": {"$ref": "{{"}}}
    step = plan_inputs({"a": own, "b": {"$value": 1, "c": 2}, "$text": "{account}"})

    assert list_references(step.input) == ()
    assert resolve(step.input, {}) == {
        "a": {"$ref": 1, "path": ["acme"], "deep": {"$value": {"$ref": "{"}}},
        "b": {"$value": 1, "c": 2},
        "$text": "acme",
    }


def test_inputs_at_the_top_may_look_like_a_reference() -> None:
    """The inputs as a whole are a mapping of the user's, too."""
    step = plan_inputs({"$ref": 7})

    assert resolve(step.input, {}) == {"$ref": 7}


def test_commands_are_expanded_when_they_start_and_not_before() -> None:
    """What they are told may change from attempt to attempt."""
    steps = plan_definition(DeclaredDefinition("d", ("run", "{attempt}")))

    assert expand_inputs(steps, {}) == steps


def test_a_placeholder_without_value_is_named() -> None:
    """An action is not planned with a hole in its inputs."""
    steps = plan_definition(DeclaredDefinition("d", action="m:f", inputs={"a": ["{labels.tier}"]}))

    with pytest.raises(ValueError, match=r"there is no value for \{labels\.tier\}"):
        expand_inputs(steps, VALUES)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([DeclaredStep("a", ("run",), needs=("b",))], "the step a waits for b, and there is no such step"),
        ([DeclaredStep("a", ("run", "{steps.b}"))], "the step a waits for b, and there is no such step"),
        ([DeclaredStep("a", ("run",)), DeclaredStep("a", ("run",))], "two steps have the same name"),
        ([DeclaredStep("a", ("run",), after=("a",))], "these steps wait for each other in a circle: a → a"),
        (
            [DeclaredStep("a", ("run",), needs=("b",)), DeclaredStep("b", ("run",), after=("a",))],
            "these steps wait for each other in a circle: a → b → a",
        ),
        (
            [DeclaredStep("a", ("run",)), DeclaredStep("b", action="m:f", inputs={"x": "n={steps.a.n}"})],
            "the output of a step stands among other text",
        ),
    ],
)
def test_steps_that_could_never_start_are_not_planned(steps: list[DeclaredStep], message: str) -> None:
    """Sources of others are not held to what ours are held to; a run must not wait forever for that."""
    with pytest.raises(ValueError, match=re.escape(message)):
        plan(*steps)


def test_a_definition_without_steps_has_no_outputs() -> None:
    """Nor does an action as a whole."""
    with pytest.raises(ValueError, match="there is no step a"):
        plan_definition(DeclaredDefinition("d", action="m:f", inputs={"x": "{steps.a}"}))


def test_what_all_commands_are_given_makes_edges_too() -> None:
    """An output in the environment of the definition is waited for by every command, and by no action."""
    needing, deaf = DeclaredStep("b", ("run",)), DeclaredStep("c", action="m:f")
    source = DeclaredStep("a", action="m:f")

    _, second, third = plan(source, needing, deaf, environment={"X": "{steps.a.n}"})

    assert (second.needs, third.needs) == ((1,), ())


def test_all_placeholders_of_a_definition_are_listed() -> None:
    """Those of steps count, wherever they stand; outputs are none."""
    definition = DeclaredDefinition(
        "d",
        environment={"A": "{account}"},
        steps=(
            DeclaredStep("a", ("run", "{start}"), working_directory="{end}"),
            DeclaredStep("b", action="m:f", inputs={"x": [{"y": "{labels.tier}", "z": "{steps.a}"}], "w": "{account}"}),
        ),
    )

    assert list_used_placeholders(definition) == ("account", "start", "end", "labels.tier")


# --- graphs ----------------------------------------------------------------------------------------------------------


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, tuple[set[str], set[str], set[str]]]:
    """Draw what each step needs, comes after and uses the output of, in any order of declaration."""
    names = draw(st.lists(st.sampled_from("abcdefgh"), min_size=1, unique=True))
    former = {
        name: st.sets(st.sampled_from(names[:index])) if index else st.just(set()) for index, name in enumerate(names)
    }
    return {name: draw(st.tuples(former[name], former[name], former[name])) for name in draw(st.permutations(names))}


@given(graphs())
def test_the_plan_is_the_graph_that_was_declared(graph: dict[str, tuple[set[str], set[str], set[str]]]) -> None:
    """Steps keep their order; each needs what it names or uses, and comes after what it names beside that."""
    declared = [
        DeclaredStep(
            name, action="m:f", inputs={n: f"{{steps.{n}}}" for n in used}, needs=tuple(needs), after=tuple(after)
        )
        for name, (needs, after, used) in graph.items()
    ]

    steps = plan(*declared)

    names = {step.number: step.name for step in steps}
    assert names == dict(enumerate(graph, 1))
    for step, (needs, after, used) in zip(steps, graph.values(), strict=True):
        assert {names[number] for number in step.needs} == needs | used
        assert {names[number] for number in step.after} == after - needs - used
        assert {names[number] for number in list_references(step.input)} == used


def test_needs_are_those_named_and_those_used_each_once() -> None:
    """A reference makes the edge, in a command as in inputs."""
    step = DeclaredStep("a", ("run", "{steps.c.x}{steps.b.y}"), needs=("b",), environment={"X": "{steps.d}"})

    assert list_needs(step) == ("b", "c", "d")


# --- retries ---------------------------------------------------------------------------------------------------------

PLANNED = Step(
    7,
    "check",
    "m:f",
    Phase.FINALIZE,
    parent=1,
    action_step=3,
    input={"a": 1},
    needs=(3,),
    after=(2,),
    queue="io",
    rules=StepRules(RETRY, weight=2.0),
)
"""A step of which all is said that planning can say."""

LIVED = replace(
    PLANNED,
    tries=2,
    failures=1,
    output={"rows": 3},
    error=StepError(EndKind.EXITED, "exit code 1"),
    started_at=NOON,
    finished_at=NOON,
    wake_at=NOON,
    wake_kind=WakeKind.RETRY,
    deadline_at=NOON,
    event_id=5,
    rescued=True,
)
"""The same step, with a trace of all that can have become of it."""


@pytest.mark.parametrize("status", StepStatus)
def test_a_retry_takes_over_what_was_completed_and_nothing_else(status: StepStatus) -> None:
    """What succeeded or was skipped stays as it is; all else is as it was planned."""
    former = replace(LIVED, status=status)
    completed = status in (StepStatus.SUCCESS, StepStatus.SKIPPED)

    assert carry_over([former]) == ((former if completed else PLANNED),)


def test_the_examples_above_leave_nothing_out() -> None:
    """Otherwise the test above would not notice what a new field leaves behind."""
    plain = Step(0, "", "")

    same = [field.name for field in fields(Step) if getattr(LIVED, field.name) == getattr(plain, field.name)]
    assert same == ["status"]
