/** All keys that work here and now. */

import { useKeyGroups } from "~/app/keyboard";
import { Dialog } from "~/parts/Dialog";

export function KeyHelp({ onClose }: { readonly onClose: () => void }) {
  const groups = useKeyGroups();
  return (
    <Dialog title="Keys" onClose={onClose}>
      <div className="keys">
        {groups.map((group) => (
          <section key={group.name}>
            <h3>{group.name}</h3>
            <dl>
              {group.keys.map(({ key, does }) => (
                <div key={key}>
                  <dt>
                    {key.split(" ").map((part, index) => (
                      <kbd key={index}>{part.replace("Ctrl+", "Ctrl ").replace("Arrow", "")}</kbd>
                    ))}
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
