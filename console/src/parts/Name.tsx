/** Names that users chose, kept from turning the text around them: they may be in any script, and of any length. */

import { Link } from "~/app/router";

export function Name({ text }: { readonly text: string }) {
  return (
    <bdi className="name" title={text}>
      {text}
    </bdi>
  );
}

export function NameLink({ text, to }: { readonly text: string; readonly to: string }) {
  return (
    <Link to={to} className="name" title={text}>
      <bdi>{text}</bdi>
    </Link>
  );
}
