"""What is masked: what is named as secrets are, and passwords in addresses; nothing else."""

from __future__ import annotations

import pytest

from ostinato.operations.masking import is_secret, mask_arguments, mask_environment, mask_text


@pytest.mark.parametrize(
    "name",
    [
        *("DB_PASSWORD", "db_passwd", "PGPASSWORD", "MYSQL_PWD", "SECRET", "CLIENT_SECRET_ID", "GITHUB_TOKEN"),
        *("AWS_SECRET_ACCESS_KEY", "API_KEY", "APIKEY", "ApiKey", "SSH_PRIVATE_KEY", "KEY", "GOOGLE_CREDENTIALS"),
        *("SENTRY_DSN", "SESSION_COOKIE", "api-key", "PASSPHRASE", "BASIC_AUTH"),
    ],
)
def test_names_of_secrets_are_known(name: str) -> None:
    """However they are written."""
    assert is_secret(name)


@pytest.mark.parametrize("name", ["PATH", "PWD_DIR", "MONKEY", "KEYBOARD", "HOME", "REGION", "OSTINATO_SLOT", "AUTHOR"])
def test_other_names_are_no_secrets(name: str) -> None:
    """A command whose every value is masked tells nothing."""
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgresql://me:hush@db/shop", "postgresql://me:***@db/shop"),
        ("from redis://:hush@cache:6379 on", "from redis://:***@cache:6379 on"),
        ("https://a:b@c/ and ftp://d:e@f", "https://a:***@c/ and ftp://d:***@f"),
        ("postgresql+psycopg://me:p%40ss@db", "postgresql+psycopg://me:***@db"),
        ("postgresql://me@db/shop", "postgresql://me@db/shop"),
        ("https://example.org:8080/a@b", "https://example.org:8080/a@b"),
        ("12:30 mail to a@b", "12:30 mail to a@b"),
    ],
)
def test_passwords_in_addresses_are_masked(text: str, masked: str) -> None:
    """The rest of the address stays."""
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    ("arguments", "masked"),
    [
        (["x", "--password", "hush", "y"], ["x", "--password", "***", "y"]),
        (["x", "--api-key=hush"], ["x", "--api-key=***"]),
        (["x", "-token", "hush"], ["x", "-token", "***"]),
        (["x", "--token", "--verbose"], ["x", "--token", "--verbose"]),
        (["x", "--user", "me"], ["x", "--user", "me"]),
        (["curl", "-H", "X-Auth: swordfish!"], ["curl", "-H", "X-Auth: ***!"]),
        (["x", "abc", "postgresql://me:hush@db"], ["x", "abc", "postgresql://me:***@db"]),
    ],
)
def test_arguments_show_no_secrets(arguments: list[str], masked: list[str]) -> None:
    """Neither those of options nor those of the environment, unless these are too short to be told from other texts."""
    assert mask_arguments(arguments, {"DB_PASSWORD": "swordfish", "API_KEY": "abc"}) == masked


def test_an_environment_shows_no_secrets() -> None:
    """All names stay."""
    environment = {"DB_PASSWORD": "x", "DATABASE_URL": "postgresql://me:hush@db", "REGION": "north"}

    assert mask_environment(environment) == {
        "DB_PASSWORD": "***",
        "DATABASE_URL": "postgresql://me:***@db",
        "REGION": "north",
    }
