/** `docent doctor`: whether each thing that Docent needs is there, and what to do where it is not. */
import { access, constants } from 'node:fs/promises';
import type { ChatAdapter } from '../chat/contract.ts';
import { isDocentError, reasonOf } from '../errors.ts';
import { type Docent, freeBytes } from '../main.ts';
import type { Check } from './contract.ts';

/** The base, its prepared weights and a growing database. */
const wantedFreeBytes = 2 * 1024 ** 3;
const gigabytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GB`;

type Verdict = { readonly ok: boolean; readonly detail: string; readonly fix?: string };

const check = async (name: string, run: () => Promise<Verdict>): Promise<Check> => {
  try {
    const { ok, detail, fix } = await run();
    return { name, ok, detail, fix: ok ? null : (fix ?? null) };
  } catch (error) {
    return { name, ok: false, detail: reasonOf(error), fix: isDocentError(error) ? error.fix : 'Read the log.' };
  }
};

export async function examine(
  docent: Docent,
  chats: readonly ChatAdapter[],
  chatChecks: readonly (() => Promise<Check>)[],
): Promise<readonly Check[]> {
  const { config } = docent;
  const core = await Promise.all([
    check('home', async () => {
      await access(config.home, constants.W_OK);
      return { ok: true, detail: config.home };
    }),
    check('disk', async () => {
      const free = await freeBytes(config.home);
      return {
        ok: free > wantedFreeBytes,
        detail: `${gigabytes(free)} free`,
        fix: 'Free some space, or set DOCENT_HOME to another disk.',
      };
    }),
    check('database', async () => {
      const { ok, detail } = await (await docent.store()).health();
      return { ok, detail, fix: 'Check DATABASE_URL, or the log beside the embedded data.' };
    }),
    check('model', async () => {
      const { name, path } = await docent.base();
      return { ok: true, detail: `${name} (${path})` };
    }),
    check('adapter', async () => {
      await docent.registry();
      const { adapter } = docent.model();
      return {
        ok: adapter !== null,
        detail: adapter ?? 'none: the bare base reads',
        fix: 'Use the default base, or import an adapter with `docent models import`.',
      };
    }),
  ]);
  const engine = await check('execution provider', async () => {
    const stats = await (await docent.engine()).stats();
    return {
      ok: true,
      detail:
        stats.runtime === 'remote'
          ? stats.choice
          : `${stats.device}, ${stats.runtime} runtime, ${stats.weights}, ${stats.threads} threads: ${stats.choice}`,
    };
  });
  const platforms = await Promise.all(chatChecks.map((run) => run()));
  const connected = chats.map((chat): Check => ({ name: chat.platform, ok: true, detail: chat.describe(), fix: null }));
  return [...core, engine, ...platforms, ...connected];
}
