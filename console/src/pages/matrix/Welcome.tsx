/** What a matrix without slots says: what is missing, and the next thing to do about it. */

import type { SystemStatus } from "~/api/types";
import { Empty } from "~/parts/Empty";

export function Welcome({ status }: { readonly status: SystemStatus }) {
  if (status.engine.last_pass === null) {
    return (
      <Empty title="No engine has made a pass yet" command="ostinato up">
        The engine reads the declarations and plans the slots. Start it, with an agent beside it:
      </Empty>
    );
  }
  if (status.accounts === 0 && status.definitions === 0) {
    return (
      <Empty title="Nothing is declared yet" command="ostinato validate">
        Name your accounts and definitions in the files that ostinato.yaml points to. The engine picks them up in its next
        pass; this checks them before:
      </Empty>
    );
  }
  if (status.definitions === 0) {
    return (
      <Empty title="There are accounts, but no definitions" command="ostinato validate">
        A definition says what is to run, and how often. Declare one under “definitions” in ostinato.yaml, then check it:
      </Empty>
    );
  }
  return (
    <Empty title="No slots were due by then" command="ostinato diff">
      {status.accounts === 0 && "There are definitions, but no accounts. "}
      Slots appear here when their period is over. What the engine would plan next:
    </Empty>
  );
}
