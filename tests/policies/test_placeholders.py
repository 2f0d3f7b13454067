from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato.policies.placeholders import LABELS, PLACEHOLDERS, expand, list_placeholders

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
