/** `docent ingest`: files of this machine into a channel, waiting until each can be asked about. */
import { basename } from 'node:path';
import type { Documents } from '../documents/index.ts';
import { DocentError, isDocentError } from '../errors.ts';
import type { ChannelNames } from './channels.ts';
import type { IngestArguments, IngestedDocument, IngestResult, OperatorOptions } from './contract.ts';
import { findFiles } from './files.ts';

export async function ingest(
  deps: { readonly documents: Documents; readonly channels: ChannelNames },
  args: IngestArguments,
  options: OperatorOptions = {},
): Promise<IngestResult> {
  const { documents, channels } = deps;
  const channel = await channels.forIngest(args.channel, args.private ?? false);
  const { files, skipped, missing } = await findFiles(args.paths);

  const failed = (path: string, error: DocentError): IngestedDocument => ({
    id: null,
    title: basename(path),
    path,
    status: 'failed',
    error: `${error.code}: ${error.line}`,
    sections: 0,
    passages: 0,
    bytes: 0,
  });

  const one = async (file: string, path: string): Promise<IngestedDocument> => {
    try {
      const receipt = await documents.receive({
        channelId: channel.id,
        path,
        content: { filePath: file },
        uploaderId: 'operator',
      });
      const outcome = await documents.wait(receipt.versionId, options.signal);
      const { title } = await documents.show(receipt.documentId, null);
      const status = receipt.status === 'duplicate' && outcome.status !== 'failed' ? 'duplicate' : outcome.status;
      return {
        id: receipt.documentId,
        title,
        path: receipt.path,
        status,
        ...(outcome.error ? { error: `${outcome.error.code}: ${outcome.error.line}` } : {}),
        sections: outcome.sections,
        passages: outcome.passages,
        bytes: outcome.bytes,
        warnings: outcome.warnings,
      };
    } catch (error) {
      if (isDocentError(error)) return failed(path, error);
      throw error;
    }
  };

  const results: IngestedDocument[] = missing.map((path) => failed(path, new DocentError('PATH_NOT_FOUND', { path })));
  for (const { file, path } of files) {
    const document = await one(file, path);
    options.onEvent?.({ type: 'file', path, status: document.status });
    results.push(document);
  }
  return { documents: results, skipped, channel: channel.label };
}
