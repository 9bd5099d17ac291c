/**
 * The slash commands and their registration. Knows their wire form; must not know what they do.
 */
import { createHash } from 'node:crypto';
import {
  type APIApplicationCommandBasicOption,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  ApplicationIntegrationType,
  InteractionContextType,
  PermissionFlagsBits,
  type RESTPutAPIApplicationCommandsJSONBody,
  Routes,
} from 'discord.js';
import type { IncomingCommand, Notes } from '../contract.ts';
import { policies } from '../policies.ts';
import type { Calls } from './rest.ts';

interface OptionSpec {
  readonly name: string;
  readonly description: string;
  /** document: text, completed with names of documents. */
  readonly kind: 'text' | 'document' | 'file' | 'flag';
  /** Of a text: the values it takes, with what each means. */
  readonly choices?: Readonly<Record<string, string>>;
  readonly required?: boolean;
}

/** Which option makes a reply private that others would see. */
export const privateOption = 'private';

interface CommandSpec {
  readonly description: string;
  /** `ask` is a question; the others are commands of the contract. */
  readonly meaning: 'ask' | IncomingCommand['name'];
  /** Only the person who called it sees the reply. Fixed when the reply is begun, Discord cannot change it later. */
  readonly ephemeral: boolean;
  readonly options?: readonly OptionSpec[];
  /** Shown only to people who may manage the server. The handler checks the acting person again. */
  readonly adminsOnly?: boolean;
}

/** Discord's limit for a text option is 6,000; a question is far shorter, and the answer service says its own limit. */
const maxOptionLength = 4000;

export const commandTable: Readonly<Record<string, CommandSpec>> = {
  ask: {
    description: 'Ask the documents of this server',
    meaning: 'ask',
    ephemeral: false,
    options: [
      { name: 'question', description: 'What you want to know', kind: 'text', required: true },
      { name: privateOption, description: 'Only you see the answer', kind: 'flag' },
    ],
  },
  upload: {
    description: 'Add a document that everybody in this channel may ask about',
    meaning: 'upload',
    ephemeral: false,
    options: [
      {
        name: 'file',
        description: 'PDF, DOCX, XLSX, PPTX, HTML, Markdown, CSV or text; left out: a form for several',
        kind: 'file',
      },
    ],
  },
  documents: {
    description: 'List the documents that can be asked about here',
    meaning: 'documents',
    ephemeral: true,
    options: [{ name: 'document', description: 'Only this one, with what it speaks about', kind: 'document' }],
  },
  export: { description: 'Everything that Docent keeps of you, as a file', meaning: 'export', ephemeral: true },
  'forget-me': {
    description: 'Delete everything that Docent keeps of you, but files that others share',
    meaning: 'forget',
    ephemeral: true,
  },
  status: { description: 'What Docent knows and which model answers', meaning: 'status', ephemeral: true },
  retrain: {
    description: 'Train on the documents again',
    meaning: 'retrain',
    ephemeral: true,
    adminsOnly: true,
  },
  feedback: {
    description: 'Corrections that wait for your decision',
    meaning: 'feedback',
    ephemeral: true,
    adminsOnly: true,
  },
  policy: {
    description: 'When Docent answers in this channel',
    meaning: 'policy',
    ephemeral: true,
    adminsOnly: true,
    options: [{ name: 'policy', description: 'Left out: what it is now', kind: 'text', choices: policies }],
  },
  backfill: {
    description: 'Read the files that were shared in this channel before',
    meaning: 'backfill',
    ephemeral: true,
    adminsOnly: true,
  },
  help: { description: 'What Docent does and how to ask', meaning: 'help', ephemeral: true },
};

/** Entries in the menu of every message: name → what they do. */
export const messageCommands: Readonly<Record<string, 'ask' | 'teach'>> = {
  'Ask Docent about this': 'ask',
  'Teach this to Docent': 'teach',
};

const optionTypes = {
  text: ApplicationCommandOptionType.String,
  document: ApplicationCommandOptionType.String,
  file: ApplicationCommandOptionType.Attachment,
  flag: ApplicationCommandOptionType.Boolean,
} as const;

const optionBody = ({
  name,
  description,
  kind,
  choices,
  required = false,
}: OptionSpec): APIApplicationCommandBasicOption =>
  ({
    type: optionTypes[kind],
    name,
    description,
    required,
    ...(kind === 'text' && !choices ? { max_length: maxOptionLength } : {}),
    ...(choices ? { choices: Object.entries(choices).map(([value, meaning]) => ({ name: meaning, value })) } : {}),
    ...(kind === 'document' ? { autocomplete: true } : {}),
  }) as APIApplicationCommandBasicOption;

const everywhere = {
  integration_types: [ApplicationIntegrationType.GuildInstall],
  contexts: [InteractionContextType.Guild, InteractionContextType.BotDM],
};

/** The body of the bulk registration. */
export const commandsBody = (): RESTPutAPIApplicationCommandsJSONBody => [
  ...Object.entries(commandTable).map(([name, { description, options = [], adminsOnly }]) => ({
    type: ApplicationCommandType.ChatInput as const,
    name,
    description,
    ...everywhere,
    default_member_permissions: adminsOnly ? PermissionFlagsBits.ManageGuild.toString() : null,
    options: options.map(optionBody),
  })),
  ...Object.keys(messageCommands).map((name) => ({
    type: ApplicationCommandType.Message as const,
    name,
    ...everywhere,
    default_member_permissions: null,
  })),
];

/**
 * Registers the commands for all servers with one bulk PUT, only when they changed since the last time: Discord limits
 * how often commands may be written, and every write makes clients load them anew.
 * @see https://discord.com/developers/docs/interactions/application-commands#bulk-overwrite-global-application-commands
 * @returns whether they were written.
 */
export async function registerCommands({
  calls,
  notes,
  applicationId,
}: {
  readonly calls: Calls;
  readonly notes: Notes;
  readonly applicationId: string;
}): Promise<boolean> {
  const body = commandsBody();
  const hash = createHash('sha256').update(JSON.stringify(body)).digest('hex');
  const key = `commands:${applicationId}`;
  if ((await notes.get(key)) === hash) return false;
  await calls.call({ method: 'PUT', route: Routes.applicationCommands(applicationId), body });
  await notes.set(key, hash);
  return true;
}
