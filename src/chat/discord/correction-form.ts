/** The form that opens behind “Wrong”. Knows Discord's modals; must not know what becomes of a correction. */
import {
  type APIModalInteractionResponseCallbackData,
  ComponentType,
  type ModalSubmitInteraction,
  TextInputStyle,
} from 'discord.js';
import { maxFormText } from '../contract.ts';

interface CorrectionSubject {
  readonly answerId: string;
  readonly thread: string;
}

const question = (id: 'correction' | 'reason', label: string, description: string) => ({
  type: ComponentType.Label as const,
  label,
  description,
  component: {
    type: ComponentType.TextInput as const,
    custom_id: id,
    style: TextInputStyle.Paragraph,
    required: false,
    max_length: maxFormText,
  },
});

/** @see https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-modal */
export const correctionModal = ({ answerId, thread }: CorrectionSubject): APIModalInteractionResponseCallbackData => ({
  custom_id: `docent:correct:${answerId}:${thread}`,
  title: 'What is wrong?',
  components: [
    question('correction', 'The right answer', 'Best in the words of a document: those I can learn.'),
    question('reason', 'What is wrong with mine', 'For instance: out of date, the wrong document, half of it missing.'),
  ],
});

/** null: not this form. */
export function readCorrection(
  interaction: ModalSubmitInteraction,
): (CorrectionSubject & { readonly correction: string; readonly reason: string }) | null {
  const [, answerId, thread] = /^docent:correct:([^:]+):([^:]+)$/.exec(interaction.customId) ?? [];
  if (!answerId || !thread) return null;
  const wordsIn = (id: string): string => interaction.fields.getTextInputValue(id);
  return { answerId, thread, correction: wordsIn('correction'), reason: wordsIn('reason') };
}
