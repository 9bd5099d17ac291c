/**
 * Joining two rankings. Equal-weight rank fusion lowered recall on team documents (docs/log.md), so the second ranking
 * gets the last slot only: what the first is sure of stays, and one passage with few words in common may come in.
 */
export function fillLastSlot(first: readonly string[], second: readonly string[], limit: number): readonly string[] {
  if (second.length === 0 || limit < 2) return first.slice(0, Math.max(limit, first.length));
  const head = first.slice(0, limit - 1);
  const newcomer = second.find((id) => !head.includes(id));
  const rest = first.slice(limit - 1).filter((id) => id !== newcomer);
  return newcomer === undefined ? first : [...head, newcomer, ...rest];
}
