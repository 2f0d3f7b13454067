"""What must not be shown: values whose name says that they are secret, and passwords inside addresses.

It goes by names and forms alone, so it hides what is named as secrets are, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

MASK = "***"
SHORTEST = 4
"""A secret that is shorter is not looked for inside other texts: it would be found everywhere."""

_SECRET = re.compile(
    r"SECRET|TOKEN|PASSW|PASSPHRASE|PWD$|CREDENTIAL|(?:^|_|API|ACCESS|PRIVATE)KEYS?(?:_|$)|AUTH$|COOKIE|DSN$"
)
_IN_ADDRESS = re.compile(r"(?P<before>[A-Za-z][A-Za-z0-9+.-]*://[^\s/@:]*:)[^\s/@]+(?=@)")
_OPTION = re.compile(r"--?(?P<name>[A-Za-z][\w-]*)(?P<value>=.*)?", re.DOTALL)


def is_secret(name: str) -> bool:
    """Tell whether the value of a variable, an option or a key of that name is a secret."""
    return _SECRET.search(name.upper().replace("-", "_")) is not None


def mask_text(text: str) -> str:
    """Return a text without the passwords in the addresses that it holds."""
    return _IN_ADDRESS.sub(rf"\g<before>{MASK}", text)


def mask_pair(name: str, value: str) -> str:
    """Return a value without secrets, or nothing but the mask where its name says that it is one."""
    return MASK if is_secret(name) else mask_text(value)


def mask_json(value: object) -> object:
    """Return a value of JSON without its secrets, however deep they are."""
    match value:
        case Mapping():
            return {key: MASK if is_secret(str(key)) else mask_json(part) for key, part in value.items()}
        case list() | tuple():
            return [mask_json(part) for part in value]
        case str():
            return mask_text(value)
    return value


def mask_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without its secrets."""
    return {name: mask_pair(name, value) for name, value in environment.items()}


def mask_arguments(arguments: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Return the arguments of a command without secrets: its options', and those of its ``environment``."""
    secrets = [value for name, value in environment.items() if is_secret(name) and len(value) >= SHORTEST]
    masked, follows_secret = [], False
    for argument in arguments:
        option = _OPTION.fullmatch(argument)
        names_secret = option is not None and is_secret(option["name"])
        if follows_secret and option is None:
            masked.append(MASK)
        elif option is not None and names_secret and option["value"]:
            masked.append(f"{argument[: option.start('value')]}={MASK}")
        else:
            masked.append(_mask_all(mask_text(argument), secrets))
        follows_secret = names_secret and option is not None and not option["value"]
    return masked


def _mask_all(text: str, secrets: Sequence[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text
