/**
 * What may teach: sections of live documents that every member of the workspace can read. Documents of closed channels
 * and direct messages are not even loaded. Knows rows, not models.
 */
import type { Pool } from 'pg';
import { type Piece, passageText } from '../documents/passage.ts';
import { groupBy } from '../group.ts';
import type { Scope } from '../registry/adapters.ts';

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
}

export type { Scope };

/** `open_workspaces(id)`: those with documents that all their members may read. */
export const openWorkspaces = `
  open_workspaces as (
    select distinct c.workspace_id as id from channels c join documents d on d.channel_id = c.id where c.visibility = 'open')`;

/**
 * Whether what stems from workspace `id` teaches the scope $1: what one workspace uploads or asks must not be read out in
 * another. The install's adapter learns from a workspace only while there is no other.
 */
export const teachesScope = (id: string): string =>
  `(${id} = $1::uuid or ($1::uuid is null and (select count(*) from open_workspaces) <= 1))`;

const teachingChannel = `(c.visibility = 'everyone' or (c.visibility = 'open' and ${teachesScope('c.workspace_id')}))`;

const sectionsSql = `
  with ${openWorkspaces}
  select s.id as section_id, d.id as document_id, d.path as document, s.heading, s.path as heading_path,
         p.id as passage_id, p.pieces
  from documents d
  join channels c on c.id = d.channel_id
  join sections s on s.version_id = d.live_version_id
  join passages p on p.section_id = s.id
  where ${teachingChannel}
  order by d.path, d.id, s.ordinal, p.ordinal`;

export async function loadTeachingSections(pool: Pool, scope: Scope): Promise<readonly TeachingSection[]> {
  const { rows } = await pool.query<Row>(sectionsSql, [scope]);
  const bySection = groupBy(rows, (row) => row.section_id);
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

/** Scopes that have an adapter of their own: the install, and every workspace as soon as there are two. */
export async function teachingScopes(pool: Pool): Promise<readonly Scope[]> {
  const { rows } = await pool.query<{ id: string }>(
    `with ${openWorkspaces} select id from open_workspaces order by id`,
  );
  return rows.length > 1 ? [null, ...rows.map(({ id }) => id)] : [null];
}

/** Ids of the documents that may teach a scope. */
export async function teachingDocuments(pool: Pool, scope: Scope): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ id: string }>(
    `with ${openWorkspaces} select d.id from documents d join channels c on c.id = d.channel_id where ${teachingChannel}`,
    [scope],
  );
  return new Set(rows.map(({ id }) => id));
}
