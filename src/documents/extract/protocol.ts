/** What the extractor and its child process say to each other. */
import type { ErrorCode } from '../../errors.ts';
import type { ExtractedFile } from './read.ts';

export type ExtractRequest = { readonly id: number; readonly name: string } & (
  | { readonly filePath: string; readonly bytes?: undefined }
  | { readonly bytes: Uint8Array; readonly filePath?: undefined }
);

export type ExtractReply =
  | { readonly ready: true }
  | { readonly id: number; readonly result: ExtractedFile }
  | {
      readonly id: number;
      /** Errors don't survive the border as classes. */
      readonly error: { readonly code: ErrorCode; readonly details: Readonly<Record<string, unknown>> };
    };
