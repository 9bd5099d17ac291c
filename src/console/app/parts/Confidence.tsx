/** How sure the reader is, in words; the dots only repeat them. */
const levels = [
  { from: 0.8, dots: 3, label: 'Sure' },
  { from: 0.5, dots: 2, label: 'Fairly sure, check the source' },
  { from: 0, dots: 1, label: 'Unsure, please check the source' },
] as const;

export function Confidence({ value }: { readonly value: number }) {
  const level = levels.find((candidate) => value >= candidate.from) ?? levels[2];
  return (
    <span className="confidence" data-level={level.dots} title={`Confidence ${Math.round(value * 100)} %`}>
      <span className="dots" aria-hidden="true">
        {[1, 2, 3].map((dot) => (
          <i key={dot} data-on={dot <= level.dots} />
        ))}
      </span>
      {level.label}
    </span>
  );
}
