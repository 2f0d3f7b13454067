/** How somebody came in, where that says more than their name. */

export function Via({ via }: { readonly via: string }) {
  return via === "" ? null : <span className="faint">{`via ${via}`}</span>;
}
