from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato.policies.placeholders import (
    LABELS,
    PLACEHOLDERS,
    OutputOf,
    expand,
    list_outputs,
    list_placeholders,
    read_output,
    split_text,
)

VALUES = {name: f"<{name}>" for name in PLACEHOLDERS} | {"labels.tier": "gold"}


@pytest.mark.parametrize(
    ("text", "names", "expanded"),
    [
        ("", (), ""),
        ("plain", (), "plain"),
        ("--date={start_date}", ("start_date",), "--date=<start_date>"),
        ("{start}/{end}/{start}", ("start", "end"), "<start>/<end>/<start>"),
        ("{labels.tier}", ("labels.tier",), "gold"),
        ("{{account}}", (), "{account}"),
        ("{{{account}}}", ("account",), "{<account>}"),
        ('{{"a": "{run}"}}', ("run",), '{"a": "<run>"}'),
        ("${{HOME}}", (), "${HOME}"),
    ],
)
def test_placeholders_are_listed_and_expanded(text: str, names: tuple[str, ...], expanded: str) -> None:
    """Each placeholder is listed once and replaced wherever it stands; doubled braces are braces."""
    assert list_placeholders(text) == names
    assert expand(text, VALUES) == expanded


@pytest.mark.parametrize("name", [*PLACEHOLDERS, f"{LABELS}tier", f"{LABELS}a b.c"])
def test_every_placeholder_is_known(name: str) -> None:
    """What is documented can be used."""
    assert list_placeholders(f"{{{name}}}") == (name,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{acount}", r"\{acount\} is no placeholder; did you mean \{account\}\?"),
        ("{ACCOUNT}", r"\{ACCOUNT\} is no placeholder; did you mean \{account\}\?"),
        ("{ account }", r"\{ account \} is no placeholder; did you mean \{account\}\?"),
        ("{}", r"\{\} is no placeholder; allowed: \{account\}, "),
        ("{labels.}", r"\{labels\.\} is no placeholder"),
        ("{xyzzy}", r"allowed: .*\{labels\.NAME\}.*Write \{\{ and \}\} for braces themselves"),
        ("{account", r"a \{ stands alone; write \{\{ for the brace itself"),
        ("account}", r"a \} stands alone; write \}\} for the brace itself"),
        ("{account!r}", "is no placeholder"),
        ("{account.__class__}", "is no placeholder"),
        ("{steps.}", r"\{steps\.\} names no output of a step; write \{steps\.NAME\}, \{steps\.NAME\.KEY\} or "),
        ("{steps.a.}", "names no output"),
        ("{steps.a..b}", "names no output"),
        ("{steps.a.b c}", "names no output"),
        ("{steps.a[x]}", "names no output"),
        ("{steps.a[-1]}", "names no output"),
        ("{steps.a b}", "names no output"),
    ],
)
def test_what_is_no_placeholder_is_refused_with_what_is(text: str, message: str) -> None:
    """A wrong name or a lone brace is never passed on to a command."""
    with pytest.raises(ValueError, match=message):
        list_placeholders(text)
    with pytest.raises(ValueError, match=message):
        expand(text, VALUES)


def test_a_placeholder_without_value_is_refused() -> None:
    """A run whose account lacks a label does not run with a hole in its command."""
    with pytest.raises(ValueError, match=r"there is no value for \{labels\.tier\}; known here: \{run\}"):
        expand("{run} {labels.tier}", {"run": "1"})


def test_values_are_not_expanded_again() -> None:
    """A label that looks like a placeholder stays what it is."""
    assert expand("{labels.tier}{run}", {"labels.tier": "{run}{{", "run": "1"}) == "{run}{{1"


@given(st.text())
def test_any_text_survives_with_its_braces_doubled(text: str) -> None:
    """Doubling the braces of a text is all it takes to pass it on unchanged."""
    assert expand(text.replace("{", "{{").replace("}", "}}"), VALUES) == text


# --- outputs of steps ------------------------------------------------------------------------------------------------

ROWS = OutputOf("extract", ("rows",))


@pytest.mark.parametrize(
    ("written", "output"),
    [
        ("{steps.extract}", OutputOf("extract")),
        ("{steps.extract.rows}", ROWS),
        ("{steps.1-a_B.files[0].path}", OutputOf("1-a_B", ("files", 0, "path"))),
        ("{steps.a[10][0]}", OutputOf("a", (10, 0))),
        ("{steps.a.0.größe-$}", OutputOf("a", ("0", "größe-$"))),
    ],
)
def test_an_output_is_written_as_it_is_read(written: str, output: OutputOf) -> None:
    """Keys stand after dots, and indexes in brackets."""
    assert (read_output(written), str(output)) == (output, written)
    assert list_outputs(written) == (output,)
    assert list_placeholders(written) == ()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("plain {account} {{", ("plain {account} {{",)),
        ("{{steps.extract.rows}}", ("{{steps.extract.rows}}",)),
        ("{steps.extract.rows}", (ROWS,)),
        ("{account}: {steps.extract.rows}{steps.extract.rows} }}", ("{account}: ", ROWS, ROWS, " }}")),
    ],
)
def test_a_text_is_split_at_its_outputs(text: str, parts: tuple[str | OutputOf, ...]) -> None:
    """What stands between them is still to be expanded."""
    assert split_text(text) == parts
    assert "".join(map(str, split_text(text))) == text


def test_only_a_whole_text_is_an_output() -> None:
    """What stands among other text could only be text itself."""
    assert read_output("rows: {account}") is None
    with pytest.raises(ValueError, match="stands among other text; pass it as a value of its own"):
        read_output("{steps.extract.rows} rows")


def test_an_output_has_no_value_for_expansion() -> None:
    """Outputs are put in by other means: what they hold is never a template."""
    with pytest.raises(ValueError, match=r"there is no value for \{steps\.a\}; known here: \{steps\.a\}"):
        expand("{steps.a}", {"steps.a": "x"})
