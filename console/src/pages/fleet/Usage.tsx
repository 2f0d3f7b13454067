/** How much of a limit is used, as numbers and as a bar. */

interface UsageProps {
  readonly used: number;
  readonly limit: number;
}

export function Usage({ used, limit }: UsageProps) {
  const share = limit === 0 ? 0 : Math.min(1, used / limit);
  return (
    <span className={`usage ${share >= 1 ? "tone-doubt" : "tone-busy"}`}>
      <span className="number">{`${used} / ${limit}`}</span>
      <span className="progress">
        <span style={{ width: `${share * 100}%` }} />
      </span>
    </span>
  );
}
