/** Discord's side of the replay: what happens in its channels, and what goes wrong on the way. */
import type { Random } from '../../src/random.ts';
import {
  type FakeChannel,
  type FakeDiscord,
  type FakeInteraction,
  type FakeMessage,
  type FakeUser,
  visibleText,
} from '../fakes/discord/index.ts';
import type { Asked, ReplayStage } from './replay.ts';

const question = 'What is the hotel budget per night?';
const calls = [
  { method: 'POST', path: /\/messages$/ },
  { method: 'PATCH', path: /\/messages\/\d+$/ },
  { method: 'PATCH', path: /\/messages\/@original$/ },
  { method: 'POST', path: /\/callback/ },
];

export function discordEvents(
  discord: FakeDiscord,
  channels: readonly FakeChannel[],
  people: readonly FakeUser[],
): Pick<ReplayStage, 'events' | 'strays'> {
  const otherBot = { ...discord.world.addUser('other-bot'), bot: true };
  const messages: FakeMessage[] = [];
  const interactions: FakeInteraction[] = [];
  const channelOf = (message: FakeMessage) => discord.world.channels.get(message.channel_id)!;
  const exists = (message: FakeMessage) => channelOf(message).messages.includes(message);
  const repliesTo = (message: FakeMessage) =>
    discord.shown(channelOf(message)).filter((one) => one.message_reference?.message_id === message.id);
  /** Heard too late for a response of its own, a command is answered by a message that links to it. */
  const shownFor = ({ id, channelId, original }: FakeInteraction) =>
    discord
      .shown(discord.world.channels.get(channelId)!)
      .filter((message) => message === original || message.content.includes(`/${id})`));
  const quiet = (happen: (random: Random) => void) => (random: Random) => {
    happen(random);
    return null;
  };
  const mention = (random: Random): Asked => {
    const channel = random.pick(channels);
    const message = discord.say(channel, random.pick(people), `${discord.mention} ${question}`);
    messages.push(message);
    if (random.chance(0.15)) discord.deliverAgain(message);
    return {
      label: `${channel.name}/${message.id}`,
      answers: () => repliesTo(message).map(visibleText),
      isGone: () => !exists(message),
    };
  };

  return {
    events: [
      { weight: 35, happen: mention },
      {
        weight: 15,
        happen: (random) => {
          const channel = random.pick(channels);
          const times = random.chance(0.2) ? 2 : 1;
          const interaction = discord.command(channel, random.pick(people), 'ask', { question }, { times });
          interactions.push(interaction);
          const { identifies } = discord.gateway.counts();
          return {
            label: `/ask ${interaction.id}`,
            answers: () => shownFor(interaction).map(visibleText),
            // Commands are told once, to the session that is there: people see “did not respond”, and ask again.
            isGone: () => !interaction.acknowledged && discord.gateway.counts().identifies > identifies,
          };
        },
      },
      {
        weight: 15,
        happen: quiet((random) => {
          discord.say(random.pick(channels), random.pick(people), 'Lunch at the harbour, anyone?');
        }),
      },
      {
        weight: 5,
        happen: quiet((random) => {
          discord.say(random.pick(channels), otherBot, `${discord.mention} ${question}`);
        }),
      },
      {
        weight: 12,
        happen: quiet((random) => {
          const old = messages.at(-random.between(1, Math.min(messages.length, 200)));
          if (old && exists(old)) discord.deliverAgain(old);
        }),
      },
      {
        weight: 3,
        happen: quiet((random) => {
          const message = messages.at(-1);
          if (message && exists(message) && random.chance(0.5)) discord.deleteMessage(message);
        }),
      },
      {
        weight: 3,
        happen: quiet(() => {
          const message = messages.at(-1);
          if (message && exists(message)) discord.edit(message, `${message.content} Please.`);
        }),
      },
      {
        weight: 10,
        happen: quiet((random) => {
          const how = random.pick(['fail-before', 'fail-after', 'drop-after', 'slow', 'rate-limit'] as const);
          discord.misbehave(
            random.pick(calls),
            how === 'slow'
              ? { how, ms: random.between(50, 500) }
              : how === 'rate-limit'
                ? { how, retryAfterS: 1 }
                : { how },
          );
        }),
      },
      { weight: 2, happen: quiet((random) => discord.gateway.disconnect({ resumable: random.chance(0.5) })) },
    ],
    strays: () => {
      const expected = new Set([...messages.flatMap(repliesTo), ...interactions.flatMap(shownFor)]);
      return channels
        .flatMap((channel) => discord.shown(channel))
        .filter((message) => !expected.has(message))
        .map((message) => `stray: ${visibleText(message)}`);
    },
  };
}
