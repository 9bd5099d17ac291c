/** The operator's commands, carried out in this process. */
import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { ChatAdapter } from '../chat/contract.ts';
import { DocentError } from '../errors.ts';
import { readEvalFile, runEval } from '../eval/run.ts';
import { openCheckpoint } from '../inference/checkpoint/checkpoint.ts';
import { coverageGaps } from '../learn/gaps.ts';
import type { KnownRun } from '../learn/index.ts';
import type { Scope } from '../learn/teaching.ts';
import type { Docent } from '../main.ts';
import { resolveBase } from '../registry/bases.ts';
import { bench } from './bench.ts';
import { createChannelNames } from './channels.ts';
import type { Check, ModelsSummary, Operator, RunSummary } from './contract.ts';
import { examine } from './doctor.ts';
import { exportModel } from './export.ts';
import { ingest } from './ingest.ts';

const actor = 'operator';
const runsListed = 50;

const summary = ({ id, by, state, decision, reason, startedAt, endedAt }: KnownRun): RunSummary => ({
  id,
  by,
  state,
  decision,
  reason,
  started: startedAt.toISOString(),
  ended: endedAt?.toISOString() ?? null,
});

export function createLocalOperator(deps: {
  readonly docent: Docent;
  readonly chats?: () => readonly ChatAdapter[];
  readonly chatChecks?: readonly (() => Promise<Check>)[];
}): Operator {
  const { docent } = deps;
  const { config } = docent;
  const connected = Boolean(config.SLACK_BOT_TOKEN || config.SLACK_CLIENT_ID || config.DISCORD_TOKEN);
  const channels = async () => createChannelNames({ prisma: (await docent.store()).prisma, connected });

  const models = async (): Promise<ModelsSummary> => {
    const { name, path, sha256 } = await docent.base();
    const rows = await (await docent.registry()).list();
    return {
      base: { name, path, sha256 },
      adapters: rows.map((row) => ({
        id: row.id,
        alias: row.aliases,
        created: row.createdAt.toISOString(),
        documents: row.manifest.documents.length,
        metrics: row.manifest.metrics,
        folder: row.folder,
      })),
    };
  };

  const scopeNamed = async (name: string | undefined): Promise<Scope> => {
    if (name === undefined) return null;
    const own = (await (await docent.learning()).scopes()).flatMap((scope) => scope ?? []);
    const rows = await (await docent.store()).prisma.workspace.findMany({ where: { id: { in: own } } });
    const named = rows.filter((row) => row.name === name || row.externalId === name || row.id === name);
    if (named.length !== 1)
      throw new DocentError('WORKSPACE_UNKNOWN', {
        name,
        names: rows.map((row) => `${row.name} (${row.externalId})`).join(', ') || 'none, since only one has documents',
      });
    return named[0]!.id;
  };
  const probes = async () => ({ probes: await (await docent.learning()).probes.list() });

  return {
    async ingest(args, options) {
      await docent.work();
      return ingest({ documents: await docent.documents(), channels: await channels() }, args, options);
    },

    async ask({ question, channel, user, thread }, options) {
      const channelId = await (await channels()).forAsking(channel);
      const answerer = await docent.answerer();
      return answerer.ask(
        { text: question, audience: { channelId }, thread: thread ?? null, userId: user ?? actor },
        {
          ...(options?.signal ? { signal: options.signal } : {}),
          onProgress: (stage, detail) => options?.onEvent?.({ type: 'stage', stage, detail }),
        },
      );
    },

    async evaluate({ file, channel, read, limit, details }, options) {
      const lines = await readEvalFile(file);
      const [answerer, reader, retriever] = await Promise.all([docent.answerer(), docent.reader(), docent.retriever()]);
      return runEval(
        { answerer, reader, retriever, calibration: docent.calibration('givenPassage') },
        lines.slice(0, limit),
        {
          channelId: await (await channels()).forAsking(channel),
          read: read ?? 'retrieved',
          ...(details ? { details } : {}),
          ...(options?.signal ? { signal: options.signal } : {}),
          onProgress: (done, total) => options?.onEvent?.({ type: 'count', done, total }),
        },
      );
    },

    async listDocuments({ channel }) {
      const channelId = await (await channels()).forAsking(channel);
      // The operator owns the machine: without a channel everything is listed.
      return { documents: await (await docent.documents()).list(channel === undefined ? null : { channelId }) };
    },
    showDocument: async ({ id }) => (await docent.documents()).show(id, null),
    async deleteDocument({ id }) {
      await (await docent.documents()).remove(id, actor);
      return { deleted: id };
    },

    listModels: models,
    async pullModels({ base }, options) {
      await resolveBase(base ?? config.DOCENT_BASE, config, {
        onProgress: (name, done, total) => options?.onEvent?.({ type: 'download', name, done, total }),
        log: (text) => options?.onEvent?.({ type: 'note', text }),
      });
      return models();
    },
    async importModel({ path }, options) {
      const full = resolve(path);
      const adapter = await stat(resolve(full, 'adapter_config.json')).catch(() => null);
      if (adapter) await (await docent.registry()).import(full);
      else {
        // A checkpoint stays where it is; what matters is that Docent can read it.
        const { config: shape } = openCheckpoint((await resolveBase(full, config)).path);
        options?.onEvent?.({
          type: 'note',
          text: `${shape.family} with ${shape.layers} layers: set DOCENT_BASE=${full} to use it`,
        });
      }
      return models();
    },
    exportModel: (args, options) =>
      exportModel({ base: docent.base, registry: docent.registry }, args, options?.signal),
    async promoteAdapter({ id, workspace }) {
      await (await docent.registry()).promote(id, actor, await scopeNamed(workspace));
      await docent.reloadAdapter();
      return models();
    },
    async rollbackAdapter({ workspace }) {
      await (await docent.registry()).rollback(actor, await scopeNamed(workspace));
      await docent.reloadAdapter();
      return models();
    },

    async train({ now, minutes, workspace }, options) {
      await docent.work({ learn: true });
      const learning = await docent.learning();
      const run = await learning.request({
        by: actor,
        scope: await scopeNamed(workspace),
        ...(now === undefined ? {} : { now }),
        ...(minutes === undefined ? {} : { minutes }),
      });
      return learning.wait(run, {
        onProgress: ({ share, line }) => options?.onEvent?.({ type: 'progress', share, line }),
        ...(options?.signal ? { signal: options.signal } : {}),
      });
    },
    async cancelTraining() {
      const learning = await docent.learning();
      const run = await learning.latest();
      if (!run || (run.state !== 'waiting' && run.state !== 'running')) return { cancelled: null };
      await learning.cancel(run.id);
      return { cancelled: run.id };
    },
    async dryRun({ minutes, workspace }, options) {
      return (await docent.learning()).dryRun({
        scope: await scopeNamed(workspace),
        ...(minutes === undefined ? {} : { minutes }),
        onProgress: ({ share, line }) => options?.onEvent?.({ type: 'progress', share, line }),
        signal: options?.signal ?? new AbortController().signal,
      });
    },

    listFeedback: async () => ({ feedback: await (await docent.learning()).feedback.list() }),
    async reviewFeedback({ id, review }) {
      const { feedback } = await docent.learning();
      await feedback.review(id, review, actor);
      return { feedback: await feedback.list() };
    },
    listProbes: probes,
    async addProbe(probe) {
      await (await docent.learning()).probes.add(probe, actor);
      return probes();
    },
    async removeProbe({ id }) {
      await (await docent.learning()).probes.remove(id, actor);
      return probes();
    },
    listRuns: async () => ({ runs: (await (await docent.learning()).history(runsListed)).map(summary) }),
    async showRun({ id }) {
      const learning = await docent.learning();
      const run = (await learning.history(runsListed)).find((each) => each.id === id);
      if (!run) throw new DocentError('RUN_UNKNOWN', { id });
      const changed = run.result?.replay?.changed ?? [];
      const { prisma } = await docent.store();
      const kept = await prisma.question.findMany({
        where: { id: { in: changed.map(({ question }) => question) } },
        select: { id: true, text: true },
      });
      const texts = new Map(kept.map(({ id: questionId, text }) => [questionId, text]));
      return {
        ...summary(run),
        result: run.result,
        changed: changed.flatMap((each) => {
          const question = texts.get(each.question);
          return question === undefined ? [] : [{ ...each, question }];
        }),
      };
    },
    listGaps: async () => ({ gaps: await coverageGaps((await docent.store()).pool) }),

    bench: () => bench({ ...docent, threads: config.DOCENT_THREADS || availableParallelism() }),

    doctor: async () => ({ checks: await examine(docent, deps.chats?.() ?? [], deps.chatChecks ?? []) }),
  };
}
