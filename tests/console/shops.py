"""A project of real commands and plans that have run: what the browser tests of single things look at."""

from __future__ import annotations

from pathlib import Path

from ostinato.testing.program import Program, write_files

HOSTILE = "<script>document.title = 'owned'</script>"
"""What no page may take for its own."""

PROJECT = """\
database: sqlite:///ostinato.db
accounts: [{file: accounts.yaml}]
definitions: [{yaml: definitions.yaml}]
pools: {warehouse: 2}
engine: {interval: 100ms, create_ahead: 2d, heartbeat_timeout: 2s}
agent: {concurrency: 4, poll: 100ms, name: here}
"""
ACCOUNTS = """\
accounts:
  acme: {time_zone: America/New_York, labels: {tier: gold}}
  bolt: {labels: {tier: very gold}}
"""
DEFINITIONS = """\
defaults: {starts_on: 2026-01-05, ends_on: 2026-01-06}
definitions:
  fetch: {matrix: account, command: [echo, "fetched {account} {start_date}"], writes_to: [raw]}
  report:
    command: [python, report.py, "{start_date}", "it's done"]
    environment: {DB_PASSWORD: swordfish, REGION: "north west"}
    reads_from: [raw]
    writes_to: [report]
    uses: {warehouse: 1}
    retry: {fixed: {attempts: 2, wait: 0s}}
  summary: {command: [echo, done], reads_from: [report]}
  broken: {command: ["false"], ends_on: 2026-01-05}
  by_hand: {command: [echo, "by hand {start_date}"], start: manual}
  refresh: {action: shop:refresh, inputs: {day: "{start_date}"}}
  pay: {action: shop:pay, ends_on: 2026-01-05}
  wait: {action: shop:wait}
"""
REPORT = f"""\
import sys
print("writing", *sys.argv[1:])
for number in range(600):
    print(f"row {{number}}")
print("\\033[32mgreen\\033[0m \\033]0;title\\007 and {HOSTILE}")
print("\u202eright to left")
print("long " + "x" * 6000)
print("WARNING: not much")
if sys.argv[1] > "2026-01-05":
    sys.stdout.flush()
    raise ValueError("there is nothing")
"""
SHOP = f"""\
from pathlib import Path

from ostinato import Action, Approval, Command, SubPlans, action, current_step, fixed, plan, sequence


@action
def extract(table: str) -> dict:
    current_step().emit(f"reading {{table}}")
    return {{"rows": [1, 2, 3]}}


@action
def load(rows: list[int], into: str) -> int:
    if not Path(into).exists():
        raise FileNotFoundError(f"{{into}} is not there")
    return len(rows)


@action
def report(loaded: int) -> str:
    return f"{{loaded}} rows"


class WaitForFile(Action):
    def run(self) -> object:
        return self.step.suspend(timeout="1h")

    def on_event(self, event: object) -> str:
        return "it has come"


@plan
def refresh(day: str):
    rows = extract(table="orders")
    return report(loaded=load(rows=rows["rows"], into=f"{{day}}.db"))


@plan
def pay():
    return Approval.with_options(name="approve")(question="Pay? {HOSTILE}", fields={{"amount": int}})


@plan
def wait():
    WaitForFile()


@action(retry=fixed(2, "0s"))
def stumble(number: int) -> int:
    marker = Path(f"stumbled-{{number}}")
    if not marker.exists():
        marker.touch()
        raise OSError("it stumbled")
    return number


@action
def count(number: int) -> int:
    return number


@action
def add_up(parts: list[int]) -> int:
    return sum(parts)


@plan
def weave():
    first, second = count(number=1), count(number=2)
    third = add_up(parts=[first])
    fourth = add_up(parts=[third])
    fifth = add_up(parts=[fourth, second])
    return add_up(parts=[fifth, first])


@plan
def spread():
    return add_up(parts=[count(number=number) for number in range(30)])


@plan
def retried():
    return stumble(number=1)


@action
def watch(path: str) -> str:
    return Path(path).read_text()  # a pipe: it waits until somebody writes


@plan
def watched():
    return [count(number=1), watch(path="sign")]


@plan
def lit():
    with sequence():
        watch(path="dawn")
        watch(path="dusk")


@plan
def talk():
    Command.with_options(name="talker")(["sh", "-c", "seq 300; cat talk"])


class CountAll(SubPlans):
    def create_plans(self, numbers: list[int]) -> object:
        for number in numbers:
            yield self.trigger(counted, number)


@plan
def counted(number: int):
    return count(number=number)


@plan
def export(region: str, api_key: str):
    return count(number=1)


@plan
def parents():
    return CountAll([1, 2, 3])
"""


def make_shop(folder: Path) -> Program:
    """Make a project whose night is over.

    Some slots have succeeded, the second report has failed for good; plans are paused, or wait for somebody.
    """
    write_files(
        folder,
        {
            "ostinato.yaml": PROJECT,
            "accounts.yaml": ACCOUNTS,
            "definitions.yaml": DEFINITIONS,
            "report.py": REPORT,
            "shop.py": SHOP,
        },
    )
    program = Program(folder)
    program("up", "--until-idle", "--no-console")
    return program
