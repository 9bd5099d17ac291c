/**
 * What may teach: sections of live documents that every member of the workspace can read. Documents of closed channels
 * and direct messages are not even loaded. Knows rows, not models.
 */
import type { Pool } from 'pg';
import { type Piece, passageText } from '../documents/passage.ts';
import { groupBy } from '../group.ts';

export interface TeachingPassage {
  readonly id: string;
  readonly pieces: readonly Piece[];
}

export interface TeachingSection {
  /** The same before and after a re-upload: document, heading path, and which of the sections of that path it is. */
  readonly id: string;
  readonly documentId: string;
  readonly document: string;
  readonly heading: string | null;
  readonly text: string;
  readonly passages: readonly TeachingPassage[];
}

interface Row {
  readonly section_id: string;
  readonly document_id: string;
  readonly document: string;
  readonly heading: string | null;
  readonly heading_path: string[];
  readonly passage_id: string;
  readonly pieces: Piece[];
  readonly visibility: 'everyone' | 'open';
  readonly workspace_id: string;
}

const sql = `
  select s.id as section_id, d.id as document_id, d.path as document, s.heading, s.path as heading_path,
         p.id as passage_id, p.pieces, c.visibility, c.workspace_id
  from documents d
  join channels c on c.id = d.channel_id
  join sections s on s.version_id = d.live_version_id
  join passages p on p.section_id = s.id
  where c.visibility in ('everyone', 'open')
  order by d.path, d.id, s.ordinal, p.ordinal`;

/**
 * One adapter serves the whole install, so with open documents of several workspaces only the collection `everyone`
 * teaches: what one workspace uploads must not be read out in another.
 */
export async function loadTeachingSections(pool: Pool): Promise<readonly TeachingSection[]> {
  const { rows } = await pool.query<Row>(sql);
  const workspaces = new Set(rows.filter(({ visibility }) => visibility === 'open').map((row) => row.workspace_id));
  const allowed = workspaces.size > 1 ? rows.filter(({ visibility }) => visibility === 'everyone') : rows;
  const bySection = groupBy(allowed, (row) => row.section_id);
  const occurrences = new Map<string, number>();
  return [...bySection.values()].map((own) => {
    const { document_id, document, heading, heading_path } = own[0]!;
    const path = JSON.stringify([document_id, ...heading_path]);
    const occurrence = occurrences.get(path) ?? 0;
    occurrences.set(path, occurrence + 1);
    return {
      id: `${path}#${occurrence}`,
      documentId: document_id,
      document,
      heading,
      text: own.map(({ pieces }) => passageText(pieces)).join('\n'),
      passages: own.map(({ passage_id, pieces }) => ({ id: passage_id, pieces })),
    };
  });
}

/** Ids of the documents that may teach. */
export async function teachingDocuments(pool: Pool): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ id: string }>(
    `select d.id from documents d join channels c on c.id = d.channel_id where c.visibility in ('everyone', 'open')`,
  );
  return new Set(rows.map(({ id }) => id));
}
