/** The form that opens behind “Wrong”. Knows Discord's modals; must not know what becomes of a correction. */
import {
  type APIModalInteractionResponseCallbackData,
  ComponentType,
  type ModalSubmitInteraction,
  TextInputStyle,
} from 'discord.js';
import { correctionQuestions, correctionTitle, maxFormText } from '../contract.ts';

interface CorrectionSubject {
  readonly answerId: string;
  readonly thread: string;
}

const question = ({ id, label, hint }: (typeof correctionQuestions)[number]) => ({
  type: ComponentType.Label as const,
  label,
  description: hint,
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
  title: correctionTitle,
  components: correctionQuestions.map(question),
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
