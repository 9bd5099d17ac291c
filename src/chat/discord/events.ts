/**
 * What happens when somebody writes, calls a command or presses a button: recorded first, acknowledged in time, handed to
 * the service. Knows the order of these steps; must not know how replies look.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Attachment,
  type AutocompleteInteraction,
  type ButtonInteraction,
  type ChatInputCommandInteraction,
  InteractionResponseType,
  type Message,
  type MessageContextMenuCommandInteraction,
  MessageFlags,
  type ModalSubmitInteraction,
  Routes,
} from 'discord.js';
import { DocentError } from '../../errors.ts';
import type { ChatHandlers, IncomingCommand, Notes } from '../contract.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import { awayLine } from './catch-up.ts';
import { type ChannelMessages, nonceOf } from './channel-messages.ts';
import { commandTable, messageCommands } from './commands.ts';
import { correctionModal, readCorrection } from './correction-form.ts';
import type { Inbound } from './inbound.ts';
import { type Interactions, isPrivate } from './interactions.ts';
import type { Lock } from './message-surface.ts';
import { cut, parsePress, parseVote, renderProgress } from './render.ts';
import type { Calls } from './rest.ts';
import { messageLink } from './spoken.ts';
import type { InteractionTarget } from './targets.ts';
import { noteUploads } from './upkeep.ts';
import { readUpload, uploadModal } from './upload-form.ts';
import { plain, type UploadIntents } from './upload-intents.ts';

/**
 * Discord waits 3 s for an acknowledgement. The question is recorded first, so that nothing promised is lost; a slow
 * database gets this long, then the promise goes ahead of the record.
 */
const recordFirstMs = 1500;
/** @see https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-choice-structure */
const maxChoiceLength = 100;
/** Direct message channels looked at when catching up. */
const maxDirectChannels = 100;
/** Messages remembered as taken, for those that Discord sends twice. */
const maxTaken = 2000;

const directKey = 'direct';

export const directChannels = async (notes: Notes): Promise<readonly string[]> =>
  JSON.parse((await notes.get(directKey)) ?? '[]') as string[];

export interface Events {
  message(message: Message): Promise<void>;
  command(interaction: ChatInputCommandInteraction): Promise<void>;
  button(interaction: ButtonInteraction): Promise<void>;
  form(interaction: ModalSubmitInteraction): Promise<void>;
  /** An entry of a message's menu. */
  menu(interaction: MessageContextMenuCommandInteraction): Promise<void>;
  /** Completes the name of a document while a command is typed. */
  complete(interaction: AutocompleteInteraction): Promise<void>;
  /** One line to a question that is too old to be answered now. */
  excuse(message: Message): Promise<void>;
}

export function createEvents({
  inbound,
  interactions,
  intents,
  handlers,
  notes,
  lock,
  calls,
  messages,
  acknowledgements,
  readsPlainMessages,
}: {
  readonly inbound: Inbound;
  readonly interactions: Interactions;
  readonly intents: UploadIntents;
  readonly handlers: ChatHandlers;
  readonly notes: Notes;
  readonly lock: Lock;
  readonly calls: Calls;
  readonly messages: ChannelMessages;
  readonly acknowledgements: Acknowledgements;
  readonly readsPlainMessages: () => boolean;
}): Events {
  const taken = new Set<string>();

  const rememberDirect = (channelId: string): Promise<void> =>
    lock(directKey, async () => {
      const known = await directChannels(notes);
      if (known.at(-1) === channelId) return;
      const next = [...known.filter((id) => id !== channelId), channelId].slice(-maxDirectChannels);
      await notes.set(directKey, JSON.stringify(next));
    });

  const takeMessage = async (message: Message): Promise<void> => {
    const incoming = await inbound.message(message, {
      readsPlainMessages: readsPlainMessages(),
      isOwnThread: (place) => handlers.isOwnThread(place),
    });
    if (!incoming) return;
    if (incoming.files.length > 0)
      await noteUploads(notes, message.id, {
        workspace: incoming.place.workspace,
        keys: incoming.files.map((file) => file.key),
      });
    if (!message.guildId) await rememberDirect(message.channelId);
    await handlers.message(incoming);
  };

  /** Records, acknowledges with “is thinking”, and leaves the rest to the reply. */
  const recordFirst = async (
    interaction:
      | ButtonInteraction
      | ChatInputCommandInteraction
      | MessageContextMenuCommandInteraction
      | ModalSubmitInteraction,
    onlyThem: boolean,
    record: () => Promise<void>,
  ): Promise<void> => {
    acknowledgements.expect(interaction.id);
    const recorded = record();
    await Promise.race([recorded.catch(() => undefined), sleep(recordFirstMs)]);
    await acknowledgements.send(interaction, InteractionResponseType.DeferredChannelMessageWithSource, {
      flags: onlyThem ? MessageFlags.Ephemeral : 0,
    });
    try {
      await recorded;
    } catch (error) {
      const { line } = new DocentError('INTERNAL', { reference: interaction.id });
      await calls.call({
        method: 'PATCH',
        route: Routes.webhookMessage(interaction.applicationId, interaction.token, '@original'),
        body: { ...renderProgress(`⚠️ ${line}`), files: undefined },
        auth: false,
      });
      throw error;
    }
  };

  const takeUpload = async (command: Promise<IncomingCommand>, attachments: readonly Attachment[]): Promise<void> => {
    const { files: _, ...rest } = await command;
    const { guildId, channelId, interactionId } = rest.target as InteractionTarget;
    // An interaction has no message of its own, but Discord opens the history around any id.
    const url = messageLink(guildId, channelId, interactionId);
    await intents.take({ command: rest, files: attachments.map(plain), url }, handlers);
  };

  return {
    message: async (message) => {
      if (taken.has(message.id)) return;
      taken.add(message.id);
      const oldest = taken.size > maxTaken ? taken.keys().next().value : undefined;
      if (oldest !== undefined) taken.delete(oldest);
      try {
        await takeMessage(message);
      } catch (error) {
        taken.delete(message.id);
        throw error;
      }
    },
    command: (interaction) => {
      const spec = commandTable[interaction.commandName];
      if (spec?.meaning === 'upload' && interactions.attached(interaction).length === 0)
        return acknowledgements.send(interaction, InteractionResponseType.Modal, uploadModal()).then(() => undefined);
      return recordFirst(interaction, isPrivate(interaction), async () => {
        if (spec?.meaning === 'ask') return handlers.message(await interactions.ask(interaction));
        const command = interactions.command(interaction);
        const attachments = interactions.attached(interaction);
        return attachments.length > 0 ? takeUpload(command, attachments) : handlers.command(await command);
      });
    },
    button: async (interaction) => {
      const press = parsePress(interaction.customId);
      if (press)
        return recordFirst(interaction, press.kind !== 'teach', async () =>
          handlers.press({ action: press, ...(await interactions.presser(interaction, press.kind !== 'teach')) }),
        );
      const vote = parseVote(interaction.customId);
      if (!vote) return;
      const { ChannelMessageWithSource, Modal } = InteractionResponseType;
      const shown =
        vote.vote < 0
          ? acknowledgements.send(interaction, Modal, correctionModal(vote))
          : acknowledgements.send(interaction, ChannelMessageWithSource, {
              content: 'Thank you, noted.',
              flags: MessageFlags.Ephemeral,
              allowed_mentions: { parse: [] },
            });
      const { place, person } = await interactions.presser(interaction, true, vote.thread);
      await handlers.feedback({ answerId: vote.answerId, vote: vote.vote, place, person });
      await shown;
    },
    form: async (interaction) => {
      const attachments = readUpload(interaction);
      if (attachments)
        return recordFirst(interaction, false, () => takeUpload(interactions.upload(interaction), attachments));
      const form = readCorrection(interaction);
      if (!form) return;
      const { thread, ...words } = form;
      await recordFirst(interaction, true, async () =>
        handlers.correct({ ...words, ...(await interactions.presser(interaction, true, thread)) }),
      );
    },
    menu: (interaction) =>
      recordFirst(interaction, false, async () => {
        if (messageCommands[interaction.commandName] === 'ask')
          return handlers.message(await interactions.askAbout(interaction));
        const teaching = await interactions.teach(interaction);
        await noteUploads(notes, interaction.targetMessage.id, {
          workspace: teaching.place.workspace,
          keys: [teaching.message.key, ...teaching.files.map((file) => file.key)],
        });
        await handlers.teach(teaching);
      }),
    complete: async (interaction) => {
      const { place, person } = await interactions.typist(interaction);
      const found = await handlers.titles(place, person, interaction.options.getFocused()).catch(() => []);
      await acknowledgements.send(interaction, InteractionResponseType.ApplicationCommandAutocompleteResult, {
        choices: found.map(({ id, title }) => ({ name: cut(title, maxChoiceLength), value: id })),
      });
    },
    excuse: async (message) => {
      if (!inbound.isCall(message)) return;
      const find = () =>
        messages.findOwn(
          message.channelId,
          message.id,
          (candidate) => candidate.message_reference?.message_id === message.id,
        );
      if (await find()) return;
      await messages.post(message.channelId, renderProgress(awayLine), {
        nonce: nonceOf(`away:${message.id}`),
        replyTo: message.id,
        find,
      });
    },
  };
}
