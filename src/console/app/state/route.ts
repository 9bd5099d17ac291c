/** The place the page is at, kept in the address after `#`, so that links, back and reload work. */
import { useSyncExternalStore } from 'react';

export interface Place {
  /** chat: the conversation; documents: their list (a page of its own on phones); document: one of them. */
  readonly view: 'chat' | 'documents' | 'document';
  readonly documentId?: string;
  /** [start, end) of what to highlight. */
  readonly at?: readonly [number, number];
}

const parse = (hash: string): Place => {
  const match = /^#\/documents(?:\/([^/]+)(?:\/(\d+)-(\d+))?)?$/.exec(hash);
  if (!match) return { view: 'chat' };
  const [, id, start, end] = match;
  if (!id) return { view: 'documents' };
  const place = { view: 'document', documentId: decodeURIComponent(id) } as const;
  return start && end ? { ...place, at: [Number(start), Number(end)] } : place;
};

export const linkToDocument = (id: string, at?: readonly [number, number]): string =>
  `#/documents/${encodeURIComponent(id)}${at ? `/${at[0]}-${at[1]}` : ''}`;

const subscribe = (onChange: () => void) => {
  addEventListener('hashchange', onChange);
  return () => removeEventListener('hashchange', onChange);
};

export function usePlace(): Place {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return parse(hash);
}

export const goTo = (hash: string): void => {
  location.hash = hash;
};
