/** `docent setup`: the terminal's side of chat/setup. */
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { runSetup } from '../chat/setup/setup.ts';
import type { Config } from '../config.ts';

export async function setup(platform: 'slack' | 'discord', config: Config): Promise<number> {
  const lines = createInterface({ input: process.stdin, terminal: false });
  const input = lines[Symbol.asyncIterator]();
  try {
    await runSetup(platform, {
      config,
      envPath: resolve('.env'),
      io: {
        say: (line) => {
          process.stdout.write(`${line}\n`);
        },
        async ask(prompt) {
          process.stdout.write(prompt);
          const { value, done } = await input.next();
          return done ? '' : String(value).trim();
        },
      },
    });
    return 0;
  } finally {
    lines.close();
  }
}
