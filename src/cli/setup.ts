/** `docent setup`: the terminal's side of chat/setup. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { runSetup } from '../chat/setup/setup.ts';
import type { Config } from '../config.ts';

const openers: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ['open'],
  linux: ['xdg-open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** The link is printed too: a machine without a browser misses nothing. */
function openInBrowser(link: string): void {
  const [command, ...args] = openers[process.platform] ?? [];
  if (!command || !process.stdout.isTTY) return;
  const child = spawn(command, [...args, link], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}

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
        open: openInBrowser,
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
