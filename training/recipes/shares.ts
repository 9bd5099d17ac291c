/** How many of each part give the wanted shares, up to `limit` in all and to what each part has. */
export function shareCounts(
  parts: readonly { readonly available: number; readonly share: number }[],
  limit: number,
): number[] {
  const total = parts.reduce((sum, { share }) => sum + share, 0);
  const size = Math.min(limit, ...parts.map(({ available, share }) => (available * total) / share));
  return parts.map(({ available, share }) => Math.min(available, Math.round((size * share) / total)));
}
