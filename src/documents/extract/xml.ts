/** The little XML that office formats need: entities, and tags without their namespace prefixes. */

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Text between tags as it reads. Unknown entities stay: nothing is expanded that a document declares itself. */
export const decodeEntities = (raw: string): string =>
  raw.includes('&')
    ? raw.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
        if (name) return named[name] ?? whole;
        const code = hex ? Number.parseInt(hex, 16) : Number(decimal);
        return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
      })
    : raw;

/** `<x:row>` → `<row>`: which prefix stands for the main namespace is each writer's choice. */
export const withoutPrefixes = (xml: string): string => xml.replace(/<(\/?)\w+:(?=\w)/g, '<$1');

/** The value of an attribute inside an opening tag. */
export const attribute = (tag: string, name: string): string | undefined => {
  const match = new RegExp(`(?:^|\\s)(?:\\w+:)?${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(tag);
  return match ? decodeEntities(match[1] ?? match[2] ?? '') : undefined;
};

export interface Tag {
  readonly attributes: string;
  /** What stands between the tags; '' for `<tag/>`. */
  readonly inner: string;
}

/** Elements of a name that doesn't nest in itself, in order. A scan, not a tree: sheets have millions of cells. */
export function* elements(xml: string, name: string): Generator<Tag> {
  const pattern = new RegExp(`<${name}(?=[\\s/>])([^>]*?)(?:/>|>([\\s\\S]*?)</${name}\\s*>)`, 'g');
  for (const match of xml.matchAll(pattern)) yield { attributes: match[1]!, inner: match[2] ?? '' };
}
