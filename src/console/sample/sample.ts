/** The handbook that an empty page offers, so that a newcomer has something to ask about. */
import { fileURLToPath } from 'node:url';

export interface Sample {
  readonly title: string;
  /** The path it is placed under in `everyone`. */
  readonly path: string;
  /** Where the file lies on this machine. */
  readonly file: string;
  /** Three questions that it answers. */
  readonly questions: readonly string[];
}

/** Beside this module in the sources; the build of the page copies it to `dist/console/sample/`. */
export function sampleHandbook(): Sample {
  const fromSource = import.meta.url.endsWith('.ts');
  const place = fromSource ? './handbook.md' : '../../../console/sample/handbook.md';
  return {
    title: 'Employee handbook of Larkfield Instruments',
    path: 'sample-handbook.md',
    file: fileURLToPath(new URL(place, import.meta.url)),
    questions: [
      'How many days of paid leave do full-time employees get?',
      'When do receipts have to be handed in?',
      'What should I do if my laptop is stolen?',
    ],
  };
}
