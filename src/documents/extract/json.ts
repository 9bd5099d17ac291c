/**
 * JSON and JSON lines: objects as headings and `key: value` lines, arrays of objects that share their keys as tables.
 */
import { DocentError, reasonOf } from '../../errors.ts';
import { createTextBuilder, type TextBuilder } from './builder.ts';
import type { Extractor } from './contract.ts';
import { decodeText } from './encoding.ts';

type Json = null | boolean | number | string | readonly Json[] | JsonObject;
interface JsonObject {
  readonly [key: string]: Json;
}

/** Deeper nesting is shown as it stands. */
const maxDepth = 6;
/** A list of plain values up to this long stands in one line. */
const maxInlineCharacters = 120;
/** Share of equal keys from which on a list of objects is a table. */
const minSharedKeys = 0.6;

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isScalar = (value: Json): value is null | boolean | number | string =>
  value === null || typeof value !== 'object';
const isScalarList = (value: Json): value is readonly (string | number | boolean | null)[] =>
  Array.isArray(value) && value.every(isScalar);
const show = (value: Json): string => (isScalar(value) ? (value === null ? '' : String(value)) : JSON.stringify(value));

/** What fits behind `key: ` or into a cell; null when it needs a place of its own. */
function inline(value: Json): string | null {
  if (isScalar(value)) return show(value);
  if (isScalarList(value)) {
    const joined = value.map(show).join(', ');
    return joined.length <= maxInlineCharacters ? joined : null;
  }
  return null;
}

/** The columns of a list of like objects, or null. */
function columnsOf(list: readonly Json[]): string[] | null {
  if (list.length < 2 || !list.every(isObject)) return null;
  const columns = [...new Set(list.flatMap((entry) => Object.keys(entry)))];
  const filled = list.reduce((sum, entry) => sum + Object.keys(entry).length, 0);
  const flat = list.every((entry) => Object.values(entry).every((value) => inline(value) !== null));
  return columns.length >= 2 && flat && filled >= minSharedKeys * columns.length * list.length ? columns : null;
}

function appendValue(builder: TextBuilder, value: Json, depth: number, name?: string): void {
  if (isScalar(value)) builder.paragraph(show(value));
  else if (depth > maxDepth) builder.code(JSON.stringify(value, null, 1));
  else if (isObject(value)) appendObject(builder, value, depth);
  else {
    const list = value;
    const columns = columnsOf(list);
    if (columns) {
      const rows = (list as readonly JsonObject[]).map((entry) =>
        columns.map((key) => inline(entry[key] ?? null) ?? ''),
      );
      builder.table({ header: columns, rows, ...(name === undefined ? {} : { name }) });
      return;
    }
    for (const [index, entry] of list.entries()) {
      const line = inline(entry);
      if (line !== null) builder.listItem('-', line);
      else {
        const called = isObject(entry) ? (entry.name ?? entry.title ?? entry.id) : undefined;
        const label = called !== undefined && isScalar(called) ? show(called) : `${name ?? ''} ${index + 1}`;
        builder.heading(depth, label);
        appendValue(builder, entry, depth + 1);
      }
    }
  }
}

function appendObject(builder: TextBuilder, value: JsonObject, depth: number): void {
  // What fits in a line first, so that it stands under this object's own heading.
  const entries = Object.entries(value);
  const lines = entries.flatMap(([key, entry]) => {
    const line = inline(entry);
    return line === null || line === '' ? [] : [`${key}: ${line}`];
  });
  if (lines.length > 0) builder.paragraph(lines.join('\n'));
  for (const [key, entry] of entries) {
    if (inline(entry) !== null) continue;
    builder.heading(depth, key);
    appendValue(builder, entry, depth + 1, key);
  }
}

/** Where JSON.parse stopped. Its message also quotes the document, which has no place in an error. */
function placeOf(error: unknown): string {
  const position = /position \d+/.exec(reasonOf(error))?.[0];
  return position === undefined ? '' : ` at ${position}`;
}

function parseJson(text: string, name: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
    try {
      if (lines.length > 1) return lines.map((line) => JSON.parse(line) as Json);
    } catch {
      // Neither: the first complaint is the one that helps.
    }
    throw new DocentError('FILE_DAMAGED', { name, reason: `it is no valid JSON${placeOf(error)}` });
  }
}

export const json: Extractor = {
  format: 'json',
  async extract({ bytes, name }) {
    const { text, warnings } = decodeText(bytes, name);
    const value = parseJson(text.replace(/^\ufeff/, ''), name);
    const builder = createTextBuilder();
    for (const line of warnings) builder.warn(line);
    const title = isObject(value) ? (value.title ?? value.name) : undefined;
    appendValue(builder, value, 1);
    return builder.build({ title: typeof title === 'string' ? title : null });
  },
};
