/** One file from bytes to blocks, in this process: detect, check, extract. What the child process runs. */
import { DocentError, reasonOf } from '../../errors.ts';
import type { Extracted, ExtractInput } from './contract.ts';
import { detectFormat } from './detect.ts';
import { formats } from './formats.ts';
import { checkZip, isZip } from './zip.ts';

export type ExtractedFile = Extracted & { readonly format: string };

/** @throws DocentError FILE_… */
export async function readFormat(input: ExtractInput): Promise<ExtractedFile> {
  const { bytes, name } = input;
  const format = await detectFormat(bytes, name);
  if (isZip(bytes)) await checkZip(bytes, name);
  const extractor = await formats[format].load();
  let extracted: Extracted;
  try {
    extracted = await extractor.extract(input);
  } catch (error) {
    if (error instanceof DocentError) throw error;
    throw new DocentError('FILE_DAMAGED', { name, reason: reasonOf(error) }, { cause: error });
  }
  if (!/[\p{L}\p{N}]/u.test(extracted.text)) throw new DocentError('FILE_EMPTY', { name });
  return { ...extracted, format };
}
