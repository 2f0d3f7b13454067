"""From nothing to a project: what a newcomer calls first, and what the program says where there is nothing yet."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest

from ostinato.testing.program import Program, write_files


def test_a_new_project_is_sound_and_runs(program: Program) -> None:
    """``init`` makes a project that ``validate`` finds nothing wrong with, and in which ``up`` has something to do."""
    made = program("init", "shop")
    shop = Program(program.folder / "shop")
    checked, ended = shop("validate", "--json"), shop("up", "--until-idle", "--json")

    assert "cd shop" in made.out
    assert checked.json == {"ok": True, "errors": []}
    assert ended.code == 0, ended.err
    assert ended.json_lines[-1]["slots"]["success"] >= 6  # how many days are over depends on the time of day
    assert list((shop.folder / "data" / "summaries").iterdir())


def test_init_overwrites_nothing(program: Program) -> None:
    """A folder with something in it is taken only if that is said, and one that has a project never."""
    write_files(program.folder, {"old/notes.txt": "mine", "old/.gitignore": "mine"})
    write_files(program.folder, {"taken/accounts.yaml": "mine", "used/ostinato.yaml": ""})

    refused, added = program("init", "old"), program("init", "old", "--add", "--json")
    taken, used = program("init", "taken", "--add"), program("init", "used", "--add")

    assert (refused.code, added.code) == (4, 0)
    assert "ostinato init old --add" in refused.err
    assert "ostinato.yaml" in added.json["files"]
    assert [(program.folder / "old" / name).read_text() for name in ("notes.txt", ".gitignore")] == ["mine", "mine"]
    assert (taken.code, used.code) == (4, 4)
    assert "accounts.yaml already" in taken.err
    assert "has a project already" in used.err
    assert (program.folder / "taken" / "accounts.yaml").read_text() == "mine"
    assert not (program.folder / "taken" / "ostinato.yaml").exists()


def test_an_empty_project_says_what_to_do_next(empty: Program) -> None:
    """Where there is nothing to list, the answer is how to get something; in JSON it is an empty list."""
    empty("db", "upgrade")
    for command, said in {
        "accounts": "Declare some",
        "slots": "ostinato apply",
        "runs": "ostinato up",
        "status": "no engine has made a pass yet",
    }.items():
        answer = empty(command)
        assert answer.code == 0
        assert said in answer.out
    assert empty("slots", "--json").json == []
    assert empty("apply").out == "Everything is as it is declared.\n"
    assert empty("agent").out.startswith("No run was waiting.")
    ended = empty("up", "--until-idle")
    assert ended.code == 0
    assert "nothing is declared that would run" in ended.out


def test_no_project(program: Program) -> None:
    """Who needs a project and finds none says so, with exit code 6; from a wrong path no search begins."""
    nowhere, wrong = program("status"), program("--project", "nowhere", "status", "--json")

    assert (nowhere.code, wrong.code) == (6, 6)
    assert nowhere.err.startswith("error: there is no ostinato.yaml in ")
    assert "ostinato init DIR" in nowhere.err
    assert wrong.json["error"]["code"] == "configuration"
    assert wrong.err == ""


def test_a_project_is_found_from_below_and_by_path(empty: Program) -> None:
    """The project is that of the nearest folder above, or the folder or file that is named."""
    below = empty.folder / "a" / "b"
    below.mkdir(parents=True)
    elsewhere = Program(below)
    elsewhere("db", "upgrade")

    assert elsewhere("slots", "--json").json == []
    assert elsewhere("slots", "--project", str(empty.folder / "ostinato.yaml"), "--json").json == []


def test_mistakes_in_declarations(program: Program) -> None:
    """Each is shown with its place and what would be right: by ``validate``, and by whatever cannot go on with it."""
    write_files(
        program.folder,
        {
            "ostinato.yaml": "definitions: [{yaml: definitions.yaml}]\nengine:\n  intervall: 5s\n",
            "definitions.yaml": "definitions: {}\n",
        },
    )
    checked, as_json, other = program("validate"), program("validate", "--json"), program("status")
    (program.folder / "ostinato.yaml").write_text("definitions: [{yaml: definitions.yaml}]\n")
    (program.folder / "definitions.yaml").write_text("definitions:\n  a: {command: [x], frequency: dayly}\n")
    file, passed = program("validate"), program("engine")

    assert (checked.code, as_json.code, other.code) == (1, 1, 6)
    assert "ostinato.yaml:3: engine.intervall: " in checked.out
    assert "interval" in checked.out
    assert "1 problem found" in checked.out
    assert as_json.json["ok"] is False
    assert as_json.json["errors"][0].keys() == {"file", "line", "key", "message", "hint"}
    assert (as_json.json["errors"][0]["file"], as_json.json["errors"][0]["line"]) == ("ostinato.yaml", 3)
    assert "ostinato.yaml:3: engine.intervall: " in other.err
    assert file.code == 1
    assert "definitions.yaml:2: " in file.out
    assert passed.code == 1
    assert "definitions.yaml" in passed.err


def test_schemas(program: Program) -> None:
    """No project is needed to print a schema."""
    assert program("schema", "accounts").json["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert program("schema", "nonsense").code == 2


def test_the_database_is_created_and_one_of_another_version_refused(empty: Program) -> None:
    """``db upgrade`` says what it did; a database from the future is refused by it and by every other command."""
    created, again = empty("db", "upgrade"), empty("db", "upgrade", "--json")
    with sqlite3.connect(empty.folder / "ostinato.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    refused, status, doctor = empty("db", "upgrade"), empty("status", "--json"), empty("doctor")

    assert "was empty; it has schema 0001 now" in created.out
    assert (again.json["before"], again.json["after"]) == ("0001", "0001")
    assert (refused.code, status.code, doctor.code) == (5, 5, 1)
    assert "newer than this program's" in refused.err
    assert status.json["error"]["code"] == "schema_mismatch"
    assert "✗ schema" in doctor.out


def test_a_folder_that_cannot_be_used(empty: Program) -> None:
    """What the system refuses is an error with exit code 6 that names the file, and no traceback."""
    write_files(empty.folder, {".ostinato": "a file where a folder is wanted"})

    answer = empty("up", "--no-console")

    assert answer.code == 6
    assert answer.err.startswith("error: ")
    assert ".ostinato" in answer.err
    assert "Traceback" not in answer.err


def test_an_unreachable_database(program: Program) -> None:
    """It is an error with exit code 5, and no traceback."""
    write_files(program.folder, {"ostinato.yaml": "database: postgresql://nobody@127.0.0.1:1/none\n"})

    answer = program("status")

    assert (answer.code, answer.out) == (5, "")
    assert answer.err.startswith("error: the database at postgresql")
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["statu"], "there is no command statu", "did you mean status?"),
        (["xyzzy"], "there is no command xyzzy", "see ostinato --help"),
        (["init"], "ostinato init needs FOLDER", "see ostinato init --help"),
        (["init", "1", "2"], "ostinato init does not take '2'", "see ostinato init --help"),
        (["slots", "--since", "yesterday"], "write a date like", "see ostinato slots --help"),
        (["--bogus"], "there is no option --bogus", "see ostinato --help"),
        (["trigger", "x", "--param", "a"], "a=VALUE", "see ostinato trigger --help"),
    ],
)
def test_wrong_command_lines(program: Program, arguments: list[str], message: str, hint: str) -> None:
    """They are refused with exit code 2, with what would be right."""
    answer = program(*arguments)

    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err
    assert hint in answer.err


def test_errors_as_json(program: Program) -> None:
    """With ``--json`` they are JSON on standard output, whatever is wrong."""
    answer = program("statu", "--json")

    assert (answer.code, answer.err) == (2, "")
    assert answer.json == {
        "error": {
            "code": "usage",
            "message": "there is no command statu",
            "hint": "did you mean status?",
            "problems": [],
        }
    }


def test_a_reader_that_goes_away_is_no_error(program: Program) -> None:
    """What is piped into ``head`` ends when that does, without a word."""
    with program.running("schema", "definitions") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()

    assert (process.returncode, said) == (141, "")


def test_starting_imports_only_what_is_needed(program: Program) -> None:
    """Neither database nor pydantic is imported for help, so that it comes at once; the version is printed alone."""
    heavy = (
        "sqlalchemy",
        "pydantic",
        "alembic",
        "structlog",
        "psycopg",
        "whenever",
        "ostinato.store",
        "fastapi",
        "uvicorn",
        "ostinato.config",
    )
    code = (
        "import sys; from ostinato.cli import main; main(['--help']);"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stderr == "[]\n"
    assert "Run engine, agent and console in one process." in done.stdout
    assert program("--version").out.strip().count(".") == 2
