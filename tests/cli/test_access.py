"""Commands about who may come in, and about what people changed."""

from __future__ import annotations

import getpass
import shlex
import sys
from typing import Any

import pytest
from cyclopts.exceptions import CycloptsError

from ostinato.cli.app import main, make_app
from ostinato.operations.acting.acts import Order
from ostinato.operations.acting.given import read_given
from ostinato.operations.acting.verbs import VERBS
from ostinato.operations.people import Person
from ostinato.testing.program import Program, write_files

PHRASE = "correct horse battery"
DEFINITIONS = "definitions: {sales: {command: [echo, hello], starts_on: 2026-01-05, ends_on: 2026-01-06}}\n"


def test_users(empty: Program) -> None:
    """Added, given another role and password, listed and removed; their passwords are nowhere to be seen."""
    none = empty("user", "add", "--help")
    added = empty("user", "add", "ada", "--role", "admin", "--password-stdin", given=f"{PHRASE}\n")
    changed = empty("user", "role", "ada", "viewer", "--reason", "on leave", "--json")
    other = empty("user", "password", "ada", "--password-stdin", given="another horse battery")
    listed = empty("user", "list")
    removed = empty("user", "remove", "ada", "--json")
    left = empty("user", "list")
    log = empty("audit", "--json").json

    assert "--password-stdin" in none.out
    assert added.out == "ada may log in, as admin.\n"
    assert (changed.json["user"], changed.json["role"]) == ("ada", "viewer")
    assert other.out == "ada has another password now.\n"
    assert listed.out.splitlines()[1].split()[:2] == ["ada", "viewer"]
    assert removed.json["user"] == "ada"
    assert left.out == "There are no users. Add one: ostinato user add NAME --role ROLE\n"
    assert [(entry["action"], entry["target"], entry["actor"]) for entry in reversed(log)] == [
        ("add-user", "user ada: admin", getpass.getuser()),
        ("change-role", "user ada: viewer", getpass.getuser()),
        ("change-password", "user ada", getpass.getuser()),
        ("remove-user", "user ada", getpass.getuser()),
    ]
    for answer in (added, changed, other, listed, removed):
        assert "horse" not in answer.out + answer.err
        assert "scrypt" not in answer.out + answer.err


def test_tokens(empty: Program) -> None:
    """Shown once, alone on standard output, so that a script can keep it; then only its name is known."""
    made = empty("token", "add", "ci", "--role", "operator")
    again = empty("token", "add", "ci", "--role", "viewer", "--json")
    other = empty("token", "add", "monitor", "--role", "viewer", "--json").json
    listed = empty("token", "list", "--json").json
    removed = empty("token", "remove", "ci")
    missing = empty("token", "remove", "ci")

    (secret,) = made.out.split()
    assert secret.startswith("ostinato_")
    assert made.err == "This is the token ci. It is not shown again.\n"
    assert (again.code, again.json["error"]["message"]) == (4, "there is a token ci already")
    assert (other["token"], other["secret"][:9]) == ("monitor", "ostinato_")
    assert [(token["token"], token["role"]) for token in listed] == [("ci", "operator"), ("monitor", "viewer")]
    assert all("secret" not in token for token in listed)
    assert removed.out == "The token ci lets nobody in any more.\n"
    assert missing.code == 3


def test_what_will_not_do(empty: Program) -> None:
    """A short password, a strange name, no terminal to ask on, no role: each is said, and nothing is added."""
    answers = [
        empty("user", "add", "ada", "--role", "admin", "--password-stdin", given="short\n"),
        empty("user", "add", "<ada>", "--role", "admin", "--password-stdin", given=PHRASE),
        empty("user", "add", "ada", "--role", "admin", given=PHRASE),
        empty("user", "add", "ada", "--role", "emperor", "--password-stdin", given=PHRASE),
        empty("user", "add", "ada", "--password-stdin", given=PHRASE),
    ]

    assert [answer.code for answer in answers] == [4, 4, 4, 2, 2]
    assert "add --password-stdin" in answers[2].err
    assert empty("user", "list", "--json").code in (0, 5)
    assert "ada" not in empty("user", "list").out


@pytest.mark.parametrize(
    ("typed", "code"), [([PHRASE, PHRASE], 0), ([PHRASE, PHRASE.title()], 4), (["short", "short"], 4)]
)
def test_a_password_is_typed_twice(
    empty: Program, monkeypatch: pytest.MonkeyPatch, typed: list[str], code: int
) -> None:
    """On a terminal, where it is not shown."""
    prompts: list[str] = []

    def type_one(prompt: str, stream: object) -> str:
        prompts.append(prompt)
        return typed[len(prompts) - 1]

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(getpass, "getpass", type_one)

    assert main(["--project", str(empty.folder), "user", "add", "ada", "--role", "viewer"]) == code
    assert prompts == ["Password of ada: ", "Once more: "]


def test_boosting_and_the_audit_log(program: Program) -> None:
    """A run overtakes others for a reason, which is kept; the log shows what fits."""
    write_files(
        program.folder,
        {"ostinato.yaml": "definitions: [{yaml: definitions.yaml}]\n", "definitions.yaml": DEFINITIONS},
    )
    program("engine")
    without = program("boost", "sales/2026-01-06", "--priority", "5")
    boosted = program("boost", "sales/2026-01-06", "--priority", "5", "--reason", "the board waits", "--json")
    back = program("boost", "sales/2026-01-06", "--priority", "-1", "--reason", "it does not")
    shown = program("audit", "--action", "boost")

    assert (without.code, boosted.code) == (2, 0)
    assert (boosted.json["priority"], boosted.json["priority_before"]) == (5, 0)
    assert "has priority -1; it had 5." in back.out
    run = boosted.json["run"]
    assert f"run {run} of sales/-/2026-01-06: 0 to 5" in shown.out
    assert "the board waits" in shown.out
    assert "  ostinato boost sales/2026-01-06 --priority 5 --reason 'the board waits'\n" in shown.out
    assert [entry["reason"] for entry in program("audit", "--target", "2026-01-06", "--json").json] == [
        "it does not",
        "the board waits",
    ]
    assert program("audit", "--actor", "nobody").out == "No change is like that. All of them: ostinato audit\n"


GIVEN: dict[str, dict[str, Any]] = {
    "trigger": {"account": "acme", "start": "2026-01-05", "parameters": {"SIZE": "a b", "x": "--"}},
    "skip": {"step": "load"},
    "edit-input": {"step": "load", "input": {"path": "it's", "rows": [1, None]}},
    "send-event": {"step": "2", "event": "done", "payload": "a 'b'", "at": "2026-01-31T06:00:00Z", "optional": True},
    "answer": {"answer": True, "step": "approve", "fields": {"purpose": "a = b"}},
    "boost": {"priority": -5},
}
TARGETS = {"pause": "account acme", "unpause": "definition sales", "trigger": "definition sales"}


@pytest.mark.parametrize("name", sorted(VERBS))
def test_the_command_line_takes_what_the_api_says_is_the_same(name: str) -> None:
    """Of every verb, with all that it may be given."""
    verb = VERBS[name]
    given = read_given(verb.form, GIVEN.get(name, {}))
    said = verb.line(Order(TARGETS.get(name, "sales/acme/2026-01-05"), given, Person("ada"), "why"))
    line = shlex.split(said.write("it's \n needed"))[1:]
    app = make_app()

    try:
        _, meta, _ = app.meta.parse_args(line, print_error=False, exit_on_error=False)
        app.parse_args(list(meta.args), print_error=False, exit_on_error=False)
    except CycloptsError as error:
        pytest.fail(f"{line}: {error}")
