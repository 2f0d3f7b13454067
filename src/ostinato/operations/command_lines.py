"""How the command line says each change that a person makes: one function for each.

Previews of actions and the audit log both write what these return, so they say the same. What is named as secrets are
is masked, in both; nothing is looked up here, and nothing carried out.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ostinato.operations.masking import mask_json, mask_pair, mask_text

LONGEST = 4_000
"""How many characters of one value of JSON are written; what is cut ends in an ellipsis."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What follows ``ostinato``.

    ``before_reason`` is what stands before the reason: an option, or nothing where it is the last word; ``None`` where
    the command takes none.
    """

    words: tuple[str, ...]
    before_reason: tuple[str, ...] | None = ("--reason",)

    def write(self, reason: str = "") -> str:
        """Return the line as it is typed into a shell, with the reason that somebody gave."""
        return shlex.join(("ostinato", *self.words, *self._because(mask_text(reason))))

    def _because(self, reason: str) -> tuple[str, ...]:
        if not reason or self.before_reason is None:
            return ()
        if reason.startswith("-"):  # else it would be taken for an option
            return (f"{self.before_reason[0]}={reason}",) if self.before_reason else ("--", reason)
        return (*self.before_reason, reason)


APPLY = CommandLine(("apply",))
APPLY_CONFIRMED = CommandLine(("apply", "--confirm-removals"))
REPAIR = CommandLine(("doctor", "--repair"), before_reason=None)


def simple(verb: str, target: str, *options: str) -> CommandLine:
    """Return the line of a command that takes the target alone."""
    return CommandLine((verb, target, *options))


def note(target: str) -> CommandLine:
    """Return the line that notes something down, which is its reason."""
    return CommandLine(("note", target), before_reason=())


def rerun(target: str, *, downstream: bool) -> CommandLine:
    """Return the line that runs a slot again."""
    return simple("rerun", target, *(("--downstream",) if downstream else ()))


def trigger_once(
    definition: str,
    *,
    account: str | None = None,
    start: str | None = None,
    end: str | None = None,
    parameters: Mapping[str, str] | None = None,
) -> CommandLine:
    """Return the line that runs a definition once."""
    options = _options(account=account, start=start, end=end)
    return CommandLine(("trigger", definition, *options, *_pairs("--param", parameters or {})))


def trigger_plan(
    action: str,
    given: Mapping[str, Any],
    *,
    start_at: datetime | None = None,
    start_before: datetime | None = None,
    after: Sequence[int] = (),
) -> CommandLine:
    """Return the line that runs a plan."""
    words = ["trigger", action, *(("--input", _write_json(given)) if given else ())]
    words += _options(start_at=_write_instant(start_at), start_before=_write_instant(start_before))
    return CommandLine((*words, *(word for run in after for word in ("--after", str(run)))))


def edit_input(target: str, step: str, given: object) -> CommandLine:
    """Return the line that gives a step another input."""
    return CommandLine(("edit-input", target, step, _write_json(given)))


def send_event(
    target: str, step: str, name: str, payload: object = None, *, due_at: datetime | None = None, optional: bool = False
) -> CommandLine:
    """Return the line that sends an event; a payload of nothing is left out."""
    said = () if payload is None else (_write_json(payload),)
    options = (*_options(at=_write_instant(due_at)), *(("--optional",) if optional else ()))
    return CommandLine(("send-event", target, step, name, *said, *options))


def answer(target: str, verdict: bool | str, step: str | None, fields: Mapping[str, Any]) -> CommandLine:
    """Return the line that answers a question."""
    which = () if step is None else (step,)
    return CommandLine(("answer", target, write_verdict(verdict), *which, *_pairs("--field", fields)))


def write_verdict(said: bool | str) -> str:
    """Write an answer as the command line has it."""
    return {True: "yes", False: "no"}[said] if isinstance(said, bool) else said


def _options(**values: str | None) -> tuple[str, ...]:
    given = {f"--{name.replace('_', '-')}": value for name, value in values.items() if value is not None}
    return tuple(word for option in given.items() for word in option)


def _pairs(option: str, values: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(word for name, value in values.items() for word in (option, f"{name}={mask_pair(name, str(value))}"))


def _write_instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _write_json(value: object) -> str:
    written = json.dumps(mask_json(value), ensure_ascii=False)
    return written if len(written) <= LONGEST else f"{written[:LONGEST]}…"
