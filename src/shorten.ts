/** At most `limit` UTF-16 units, the last of them an ellipsis where something was cut; never half a character. */
export const shorten = (text: string, limit: number): string =>
  text.length > limit
    ? `${text
        .slice(0, limit - 1)
        .replace(/[\uD800-\uDBFF]$/, '')
        .trimEnd()}…`
    : text;
