/**
 * What happens when somebody writes, calls a command or presses a button: recorded first, acknowledged in time, handed to
 * the service. Knows the order of these steps; must not know how replies look.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ButtonInteraction,
  type ChatInputCommandInteraction,
  InteractionResponseType,
  type Message,
  MessageFlags,
  Routes,
} from 'discord.js';
import { DocentError } from '../../errors.ts';
import type { ChatHandlers, Notes } from '../contract.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import { awayLine } from './catch-up.ts';
import { type ChannelMessages, nonceOf } from './channel-messages.ts';
import { commandTable } from './commands.ts';
import type { Inbound } from './inbound.ts';
import type { Lock } from './message-surface.ts';
import { parseVote, renderProgress } from './render.ts';
import type { Calls } from './rest.ts';
import { noteUploads } from './upkeep.ts';

/**
 * Discord waits 3 s for an acknowledgement. The question is recorded first, so that nothing promised is lost; a slow
 * database gets this long, then the promise goes ahead of the record.
 */
const recordFirstMs = 1500;
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
  /** One line to a question that is too old to be answered now. */
  excuse(message: Message): Promise<void>;
}

export function createEvents({
  inbound,
  handlers,
  notes,
  lock,
  calls,
  messages,
  acknowledgements,
  readsPlainMessages,
}: {
  readonly inbound: Inbound;
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
    command: async (interaction) => {
      acknowledgements.expect(interaction.id);
      const spec = commandTable[interaction.commandName];
      const recorded =
        spec?.meaning === 'ask'
          ? inbound.ask(interaction).then((message) => handlers.message(message))
          : inbound.command(interaction).then((command) => handlers.command(command));
      await Promise.race([recorded.catch(() => undefined), sleep(recordFirstMs)]);
      await acknowledgements.send(interaction, InteractionResponseType.DeferredChannelMessageWithSource, {
        flags: (spec?.ephemeral ?? true) ? MessageFlags.Ephemeral : 0,
      });
      try {
        await recorded;
      } catch (error) {
        const { line } = new DocentError('INTERNAL', { reference: interaction.id });
        await calls.call({
          method: 'PATCH',
          route: Routes.webhookMessage(interaction.applicationId, interaction.token, '@original'),
          body: renderProgress(`⚠️ ${line}`),
          auth: false,
        });
        throw error;
      }
    },
    button: async (interaction) => {
      const vote = parseVote(interaction.customId);
      if (!vote) return;
      const thanks = acknowledgements.send(interaction, InteractionResponseType.ChannelMessageWithSource, {
        content: 'Thank you, noted.',
        flags: MessageFlags.Ephemeral,
        allowed_mentions: { parse: [] },
      });
      const voter = await inbound.voter(interaction, vote.thread);
      await handlers.feedback({ answerId: vote.answerId, vote: vote.vote, ...voter });
      await thanks;
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
