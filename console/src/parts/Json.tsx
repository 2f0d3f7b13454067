/** A JSON value as it is, indented. */

interface JsonProps {
  readonly value: unknown;
  readonly label: string;
}

export function Json({ value, label }: JsonProps) {
  return (
    <pre className="json" role="region" aria-label={label} tabIndex={0}>
      {JSON.stringify(value, null, 2)}
    </pre>
  );
}
