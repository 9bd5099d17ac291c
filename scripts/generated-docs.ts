/** The documents that come from the tables of the code. */
import { settingsTable } from '../src/config.ts';
import { errorTable } from '../src/errors.ts';

const settings = Object.entries(settingsTable);
const groups = [...new Set(settings.map(([, { group }]) => group))];
const shown = (value: unknown): string =>
  Array.isArray(value) ? value.join(',') : value === true ? '1' : value === false ? '0' : String(value);
const cell = (text: string): string => text.replaceAll('|', '\\|');

const envExample = (): string =>
  [
    '# Every setting of Docent with its default. None is needed to begin. Made by `npm run docs` from src/config.ts.',
    ...groups.flatMap((group) => [
      '',
      `# ${group}`,
      ...settings
        .filter(([, spec]) => spec.group === group)
        .flatMap(([name, spec]) => [`# ${spec.meaning} (${spec.takes})`, `#${name}=${shown(spec.fallback)}`]),
    ]),
    '',
  ].join('\n');

const settingsPage = (): string =>
  [
    '# Settings',
    '',
    'From the environment or from `.env` in the folder where Docent is started; the environment wins. Generated from `src/config.ts` by `npm run docs`.',
    ...groups.flatMap((group) => [
      '',
      `## ${group}`,
      '',
      '| setting | takes | default | meaning |',
      '|---|---|---|---|',
      ...settings
        .filter(([, spec]) => spec.group === group)
        .map(
          ([name, spec]) =>
            `| \`${name}\` | ${cell(spec.takes)} | ${shown(spec.fallback) === '' ? '' : `\`${shown(spec.fallback)}\``} | ${cell(spec.meaning)}${spec.secret ? ' Never printed.' : ''} |`,
        ),
    ]),
    '',
  ].join('\n');

const errorsPage = (): string =>
  [
    '# Errors',
    '',
    'What each code means and what to do. Generated from `src/errors.ts` by `npm run docs`.',
    '',
    '| code | what happened | what to do |',
    '|---|---|---|',
    ...Object.entries(errorTable).map(
      ([code, { message, fix }]) => `| \`${code}\` | ${cell(message)} | ${cell(fix)} |`,
    ),
    '',
  ].join('\n');

/** Path → text. */
export const generatedDocs = (): Readonly<Record<string, string>> => ({
  '.env.example': envExample(),
  'docs/settings.md': settingsPage(),
  'docs/errors.md': errorsPage(),
});
