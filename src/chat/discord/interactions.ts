/** Turns commands, menus, buttons and forms into the contract's. Must not know what is answered or how. */
import type {
  Attachment,
  AutocompleteInteraction,
  ButtonInteraction,
  ChatInputCommandInteraction,
  MessageContextMenuCommandInteraction,
  ModalSubmitInteraction,
} from 'discord.js';
import type { IncomingCommand, IncomingMessage, IncomingTeaching, Person, Place } from '../contract.ts';
import { commandTable, privateOption } from './commands.ts';
import { type Files, isMedia } from './files.ts';
import { messageKey, messageLink, spokenText } from './spoken.ts';
import type { InteractionTarget } from './targets.ts';
import { type AnyInteraction, channelIdOf, type Whereabouts } from './whereabouts.ts';

/** Whether only the person who called the command sees its reply. */
export const isPrivate = (interaction: ChatInputCommandInteraction): boolean =>
  (commandTable[interaction.commandName]?.ephemeral ?? true) || interaction.options.getBoolean(privateOption) === true;

export interface Interactions {
  ask(interaction: ChatInputCommandInteraction): Promise<IncomingMessage>;
  command(interaction: ChatInputCommandInteraction): Promise<IncomingCommand>;
  /** What came with the command; `command` tells it without. */
  attached(interaction: ChatInputCommandInteraction): readonly Attachment[];
  /** The form of `/upload` came back; its files are told apart, see `readUpload`. */
  upload(interaction: ModalSubmitInteraction): Promise<IncomingCommand>;
  /** “Ask Docent about this”: the message is the question of the one who chose it. */
  askAbout(interaction: MessageContextMenuCommandInteraction): Promise<IncomingMessage>;
  /** “Teach this to Docent”. */
  teach(interaction: MessageContextMenuCommandInteraction): Promise<IncomingTeaching>;
  /** Who types a command, and where. */
  typist(interaction: AutocompleteInteraction): Promise<{ readonly place: Place; readonly person: Person }>;
  /** Who pressed a button or sent a form, where, and where the reply to it goes. */
  presser(
    interaction: ButtonInteraction | ModalSubmitInteraction,
    onlyThem: boolean,
    thread?: string,
  ): Promise<Pick<IncomingMessage, 'key' | 'person' | 'place' | 'target'>>;
}

export function createInteractions({
  selfId,
  applicationId,
  boot,
  files,
  whereabouts,
}: {
  readonly selfId: () => string;
  readonly applicationId: () => string;
  readonly boot: string;
  readonly files: Files;
  readonly whereabouts: Whereabouts;
}): Interactions {
  const { placeOfInteraction, personOfInteraction } = whereabouts;

  const interactionTarget = (
    interaction: AnyInteraction,
    thread: string,
    command: string,
    ephemeral: boolean,
  ): InteractionTarget => ({
    platform: 'discord',
    kind: 'interaction',
    boot,
    guildId: interaction.guildId,
    channelId: channelIdOf(interaction),
    userId: interaction.user.id,
    thread,
    applicationId: applicationId(),
    interactionId: interaction.id,
    token: interaction.token,
    command,
    ephemeral,
  });

  const commandTarget = (interaction: ChatInputCommandInteraction, thread: string): InteractionTarget =>
    interactionTarget(interaction, thread, interaction.commandName, isPrivate(interaction));

  const optionText = (interaction: ChatInputCommandInteraction): string => {
    const option = commandTable[interaction.commandName]?.options?.find(
      ({ kind }) => kind === 'text' || kind === 'document',
    );
    return option ? (interaction.options.getString(option.name) ?? '').trim() : '';
  };

  const attached = (interaction: ChatInputCommandInteraction): readonly Attachment[] => {
    const option = commandTable[interaction.commandName]?.options?.find(({ kind }) => kind === 'file');
    const attachment = option ? interaction.options.getAttachment(option.name) : null;
    return attachment ? [attachment] : [];
  };

  return {
    ask: async (interaction) => {
      const place = await placeOfInteraction(interaction);
      return {
        key: messageKey(interaction.id),
        place,
        person: await personOfInteraction(interaction, place),
        text: optionText(interaction),
        files: [],
        addressed: true,
        target: commandTarget(interaction, place.thread),
      };
    },
    command: async (interaction) => {
      const meaning = commandTable[interaction.commandName]?.meaning ?? 'help';
      const place = await placeOfInteraction(interaction);
      return {
        key: messageKey(interaction.id),
        name: meaning === 'ask' ? 'help' : meaning,
        place,
        person: await personOfInteraction(interaction, place),
        text: optionText(interaction),
        files: [],
        target: commandTarget(interaction, place.thread),
      };
    },
    attached,
    upload: async (interaction) => {
      const place = await placeOfInteraction(interaction);
      return {
        key: messageKey(interaction.id),
        name: 'upload',
        place,
        person: await personOfInteraction(interaction, place),
        text: '',
        files: [],
        target: interactionTarget(interaction, place.thread, 'upload', false),
      };
    },
    askAbout: async (interaction) => {
      const place = await placeOfInteraction(interaction);
      return {
        key: messageKey(interaction.id),
        place,
        person: await personOfInteraction(interaction, place),
        text: spokenText(interaction.targetMessage, selfId()),
        files: [],
        addressed: true,
        target: interactionTarget(interaction, place.thread, interaction.commandName, false),
      };
    },
    teach: async (interaction) => {
      const message = interaction.targetMessage;
      const place = await placeOfInteraction(interaction);
      const url = messageLink(interaction.guildId, message.channelId, message.id);
      return {
        key: messageKey(interaction.id),
        place,
        person: await personOfInteraction(interaction, place),
        message: {
          key: messageKey(message.id),
          text: spokenText(message, selfId()),
          url,
          at: message.createdAt,
        },
        files: [...message.attachments.values()]
          .filter((attachment) => !isMedia(attachment))
          .map((attachment) => files.fileOf(attachment, url)),
        target: interactionTarget(interaction, place.thread, interaction.commandName, false),
      };
    },
    typist: async (interaction) => {
      const place = await placeOfInteraction(interaction, interaction.id);
      return { place, person: await personOfInteraction(interaction, place) };
    },
    presser: async (interaction, onlyThem, thread) => {
      const place = await placeOfInteraction(interaction, thread);
      return {
        key: messageKey(interaction.id),
        place,
        person: await personOfInteraction(interaction, place),
        target: interactionTarget(interaction, place.thread, 'feedback', onlyThem),
      };
    },
  };
}
