/** What the web side asks for (console/contract.ts), carried out by the services of this process. */

import { pollChanges } from '../console/changes.ts';
import type { Collaborators, ConsoleDocuments, DocumentDetail, DocumentRecord } from '../console/contract.ts';
import { sampleHandbook } from '../console/sample/sample.ts';
import type { DocumentSummary } from '../documents/lifecycle.ts';
import { DocentError } from '../errors.ts';
import { describeRun } from '../learn/texts.ts';
import type { Docent } from '../main.ts';
import { createChannelNames } from '../operator/channels.ts';
import type { Audience } from '../retrieval/visibility.ts';

const toRecord = (document: DocumentSummary): DocumentRecord => ({
  id: document.id,
  title: document.title,
  path: document.path,
  channel: document.channel,
  status: document.status === 'processing' ? 'received' : document.status,
  error: document.error ?? null,
  warnings: document.warnings,
  sections: document.sections,
  passages: document.passages,
  bytes: document.bytes,
  pages: document.pages,
  updatedAt: document.updatedAt,
});

function webDocuments(docent: Docent): ConsoleDocuments {
  const show = async (id: string, audience: Audience): Promise<DocumentDetail> => {
    const detail = await (await docent.documents()).show(id, audience);
    return {
      document: toRecord(detail),
      text: detail.text ?? '',
      sections: detail.outline.map(({ path, start, end, page }) => ({
        heading: path.at(-1) ?? null,
        path,
        start,
        end,
        page,
      })),
    };
  };
  const receive: ConsoleDocuments['receive'] = async ({ path, file, channel, actor }) => {
    const { prisma } = await docent.store();
    const place = await createChannelNames({ prisma, connected: false }).forIngest(channel, false);
    const documents = await docent.documents();
    const receipt = await documents.receive({
      channelId: place.id,
      path,
      content: { filePath: file },
      uploaderId: actor.id,
    });
    const record = toRecord(await documents.show(receipt.documentId, null));
    return receipt.status === 'duplicate' && record.status === 'ready' ? { ...record, status: 'duplicate' } : record;
  };
  return {
    list: async (audience) => (await (await docent.documents()).list(audience)).map(toRecord),
    show,
    async remove(id, actor, audience) {
      await show(id, audience);
      await (await docent.documents()).remove(id, actor.id);
    },
    receive,
    changes: (id, audience, signal) => pollChanges(async () => (await show(id, audience)).document, signal),
    sample() {
      const { path, file } = sampleHandbook();
      return receive({ path, file, bytes: 0, actor: { id: 'web:sample', isAdmin: true } });
    },
  };
}

export function webCollaborators(docent: Docent): Collaborators {
  return {
    queue: docent.turns,
    answerer: {
      ask: async (question, options) => (await docent.answerer()).ask(question, options),
      examples: async (audience) => (await docent.answerer()).examples(audience),
    },
    documents: webDocuments(docent),
    models: {
      async list() {
        const { name } = await docent.base();
        const adapters = await (await docent.registry()).list();
        return {
          base: { id: name },
          adapters: adapters.map((row) => ({ id: row.id, alias: row.aliases, created: row.createdAt })),
        };
      },
    },
    health: {
      async checks() {
        const database = await (await docent.store()).health();
        const model = docent.engineState();
        return [
          { name: 'database', ...database },
          { name: 'model', ...model },
        ];
      },
    },
    feedback: {
      async record({ answerId, userId, vote, reason, correction }, audience) {
        const { prisma } = await docent.store();
        const own = { question: { conversation: { audience: 'operator' } } };
        const answer = await prisma.answer.findFirst({ where: { id: answerId, ...own } }).catch(() => null);
        if (!answer) throw new DocentError('BAD_REQUEST', { reason: 'There is no such answer' });
        const learning = await docent.learning();
        await learning.feedback.record({
          answerId,
          userId,
          vote,
          reason: reason ?? null,
          correction: correction ?? null,
        });
        // The vote is kept, whatever becomes of its weighing.
        if (vote < 0)
          await learning
            .watch()
            .catch((error: unknown) => docent.log.error({ err: error }, 'votes could not be weighed'));
        if (!correction?.trim()) return null;
        return (await learning.feedback.isSaid(correction, audience)) ? 'waits' : 'unsaid';
      },
    },
    learning: { line: async () => describeRun(await (await docent.learning()).latest(null)) },
    log: docent.log,
  };
}
