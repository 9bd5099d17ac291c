/** The form behind `/upload` without a file: several files at once. Knows Discord's modals. */
import {
  type APIModalInteractionResponseCallbackData,
  type Attachment,
  ComponentType,
  type ModalSubmitInteraction,
} from 'discord.js';

const formId = 'docent:upload';
const filesId = 'files';
/** @see https://discord.com/developers/docs/components/reference#file-upload */
const mostFiles = 10;

export const uploadModal = (): APIModalInteractionResponseCallbackData => ({
  custom_id: formId,
  title: 'Add documents',
  components: [
    {
      type: ComponentType.Label,
      label: 'Files',
      description: 'PDF, DOCX, XLSX, PPTX, HTML, Markdown, CSV or text. Everybody in this channel may ask about them.',
      component: {
        type: ComponentType.FileUpload,
        custom_id: filesId,
        min_values: 1,
        max_values: mostFiles,
        required: true,
      },
    },
  ],
});

/** null: not this form. */
export function readUpload(interaction: ModalSubmitInteraction): readonly Attachment[] | null {
  if (interaction.customId !== formId) return null;
  return [...(interaction.fields.getUploadedFiles(filesId)?.values() ?? [])];
}
