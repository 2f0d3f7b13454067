"""The description of the API is true: whatever it allows to be asked is answered as it says, and never by a bug."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from ostinato.api.access import Access
from ostinato.api.app import describe_api, make_app
from ostinato.config import Config
from ostinato.model.statuses import RunStatus
from ostinato.testing.factories import make_account, make_chain
from ostinato.testing.night import Night, open_night
from ostinato.world import World

DESCRIPTION = describe_api()
SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)
ENDLESS = {"GET /api/v1/stream"}
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
KNOWN: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.fixed_dictionaries(
    {
        "run": st.integers(min_value=1, max_value=3),
        "name": st.sampled_from(["load/us/2026-01-08", "load/us/2026-01-09", "sum/uk/2026-01-09"]),
        "account": st.sampled_from(["uk", "us"]),
        "definition": st.sampled_from(["load", "sum"]),
    }
)
"""What there is, to be asked for instead of something made up."""

WORDS = {
    parameter["name"]
    for operations in DESCRIPTION["paths"].values()
    for operation in operations.values()
    for parameter in operation.get("parameters", ())
    if {"type": "array", "items": {"type": "string"}} in parameter["schema"].get("anyOf", [])
}
"""Parameters that are lists of any words. In an address one value alone is such a list, whatever it was meant to be."""

RIGHT, WRONG = 7, 4
"""How many right questions, and how many wrong ones, are asked of each operation."""

every_operation = pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if operation.label not in ENDLESS],
    ids=lambda operation: operation.label,
)


@pytest.fixture
def busy(night: Night) -> Night:
    """Lend a night in which runs wait, have failed and have succeeded."""
    accounts = [make_account("uk", time_zone="Europe/London", labels={"tier": "gold"}), make_account("us")]
    night.declare(accounts=accounts, definitions=make_chain("load", "sum", matrix="account"))
    night.tick()
    night.finish("load/us/2026-01-08", RunStatus.FAILED)
    night.finish("load/uk/2026-01-08", RunStatus.SUCCESS)
    night.tick()
    return night


@pytest.fixture(scope="module")
def blank(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Lend a world with nothing in it."""
    folder = tmp_path_factory.mktemp("blank")
    shutil.copyfile(sqlite_template, folder / "ostinato.db")
    with open_night(f"sqlite:///{folder / 'ostinato.db'}") as night:
        yield World(Config(folder=folder, database=str(night.store.url)), night.store, night.clock)


def put(questions: st.SearchStrategy[Any], world: World, *, times: int, known: st.SearchStrategy[Any]) -> None:
    """Put questions to the API of a world, some about what is known, and hold the answers against the description."""

    @settings(max_examples=times, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None)
    @given(case=questions, names=known)
    def ask(case: Any, names: dict[str, Any]) -> None:
        for place in (case.path_parameters, case.query):
            place.update({name: value for name, value in names.items() if name in place})
        assume(all(isinstance(case.query[name], list | dict | None) for name in WORDS & case.query.keys()))
        case.validate_response(case.call(app=app, base_url="http://127.0.0.1"), checks=CHECKS)

    app = make_app(world, access=Access(login_required=False))
    ask()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@every_operation
def test_right_questions_are_answered_as_described(operation: Any, busy: Night, world: World) -> None:
    """Made up ones, and such about what there is."""
    put(operation.as_strategy(generation_mode=GenerationMode.POSITIVE), world, times=RIGHT, known=KNOWN)


@every_operation
def test_wrong_questions_are_refused_as_described(operation: Any, blank: World) -> None:
    """Never by a bug."""
    put(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE), blank, times=WRONG, known=st.just({}))
