"""What of a run is under way: its work items that were handed out and not answered yet, and the room they take up."""

from __future__ import annotations

from ostinato.director.decisions import Stop
from ostinato.director.room import Room
from ostinato.model.evidence import EndKind
from ostinato.model.steps import COMMAND
from ostinato.model.work import WorkItem


class UnderWay:
    """The work items of a run that are under way, by the number of their step.

    ``work`` and ``stops`` are what is to be handed out and to be ended, as soon as the decision is recorded.
    """

    def __init__(self, run_id: int, room: Room) -> None:
        self.work: list[WorkItem] = []
        self.stops: list[Stop] = []
        self._run_id = run_id
        self._room = room
        self._items: dict[int, WorkItem] = {}

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, step: int) -> bool:
        return step in self._items

    def add(self, item: WorkItem) -> None:
        """Hand a work item out."""
        self.adopt(item)
        self.work.append(item)

    def adopt(self, item: WorkItem) -> None:
        """Take note of a work item that is being carried out already. It takes up room, whether there is any or not."""
        self._items[item.step.number] = item
        self._room.free -= 1

    def take_back(self, step: int) -> WorkItem:
        """Return the work item for a step, which is under way no longer."""
        self._room.free += 1
        return self._items.pop(step)

    def take_all_back(self) -> list[int]:
        """Have nothing under way any longer; return the steps that were."""
        steps = list(self._items)
        self._room.free += len(steps)
        self._items.clear()
        return steps

    def stop(self, kind: EndKind, why: str, *, spare_commands: bool = False) -> None:
        """Have everything ended, unless commands are to be spared. What becomes of it is still awaited."""
        self.stops += [
            Stop(self._run_id, number, kind, why)
            for number, item in self._items.items()
            if not (spare_commands and item.step.action == COMMAND)
        ]
