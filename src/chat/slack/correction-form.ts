/** The form that opens behind “Wrong”. Knows Slack's views; must not know what becomes of a correction. */
import type { ModalView } from '@slack/types';
import { z } from 'zod';
import { correctionQuestions, correctionTitle, maxFormText } from '../contract.ts';

export const correctionForm = 'docent_correct';

const metadataSchema = z.object({ answerId: z.string(), channel: z.string(), thread: z.string() });
/** Which answer the form is about; Slack carries it along. */
export type CorrectionSubject = z.infer<typeof metadataSchema>;

const question = ({ id, label, hint }: (typeof correctionQuestions)[number]): ModalView['blocks'][number] => ({
  type: 'input',
  block_id: id,
  optional: true,
  label: { type: 'plain_text', text: label },
  hint: { type: 'plain_text', text: hint },
  element: { type: 'plain_text_input', action_id: id, multiline: true, max_length: maxFormText },
});

/** @see https://docs.slack.dev/reference/views/modal-views */
export const correctionView = (subject: CorrectionSubject): ModalView => ({
  type: 'modal',
  callback_id: correctionForm,
  private_metadata: JSON.stringify(subject),
  title: { type: 'plain_text', text: correctionTitle },
  submit: { type: 'plain_text', text: 'Send' },
  close: { type: 'plain_text', text: 'Close' },
  blocks: correctionQuestions.map(question),
});

/** @throws ZodError when the form is not ours. */
export function readCorrection(view: {
  readonly private_metadata: string;
  readonly state: {
    readonly values: Readonly<Record<string, Readonly<Record<string, { readonly value?: string | null }>>>>;
  };
}): CorrectionSubject & { readonly correction: string; readonly reason: string } {
  const wordsIn = (id: string): string => view.state.values[id]?.[id]?.value ?? '';
  const subject = metadataSchema.parse(JSON.parse(view.private_metadata));
  return { ...subject, correction: wordsIn('correction'), reason: wordsIn('reason') };
}
