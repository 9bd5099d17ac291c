/** Slack's side of the replay: what happens in its channels, and what goes wrong on the way. */
import type { Random } from '../../src/random.ts';
import { botUser, type FakeChannel, type FakeMessage, type FakeSlack } from '../fakes/slack/index.ts';
import type { Asked, ReplayStage } from './replay.ts';

const question = 'What is the hotel budget per night?';
const text = `<@${botUser}> ${question}`;
const methods = ['chat.postMessage', 'chat.update', 'conversations.info', 'users.info', 'conversations.replies'];

/** @param channels where people talk; `people` are in all of them */
export function slackEvents(
  slack: FakeSlack,
  channels: readonly FakeChannel[],
): Pick<ReplayStage, 'events' | 'settle' | 'strays'> {
  const people = [...slack.users.values()].filter(({ is_bot }) => !is_bot);
  const late: (() => void)[] = [];
  const asked: { readonly message: FakeMessage; readonly root: string }[] = [];
  const threads = new Map<string, FakeMessage[]>();
  const saidIn = (root: string, channel: string) => slack.said(channel).filter(({ thread_ts }) => thread_ts === root);
  const exists = (message: FakeMessage) => slack.messages.includes(message) && message.subtype !== 'tombstone';

  /** A thread's answers come in the order of its questions, so the n-th question has the n-th. */
  const track = (message: FakeMessage, root: string): Asked => {
    const inThread = threads.get(root) ?? [];
    threads.set(root, [...inThread, message]);
    asked.push({ message, root });
    return {
      label: `${message.channel}/${message.ts}`,
      answers: () => {
        const said = saidIn(root, message.channel).map((one) => one.text);
        const others = threads.get(root)!.length - 1;
        return others === 0 ? said : said.slice(inThread.length, inThread.length + 1).concat(said.slice(others + 1));
      },
      isGone: () => !exists(message),
    };
  };
  const deliver = (message: FakeMessage, names: readonly ('app_mention' | 'message')[], random: Random): void => {
    const told = random.shuffled(names).filter((_, i) => i === 0 || !random.chance(0.15));
    for (const name of [...told, ...told.filter(() => random.chance(0.15))]) {
      if (random.chance(0.1)) late.push(() => slack.tell(message, name));
      else slack.tell(message, name);
    }
    // The last one comes in any case.
    while (late.length > 8) late.shift()!();
  };
  const mention = (random: Random): Asked => {
    const message = slack.say(random.pick(channels), random.pick(people), text, { events: [] });
    deliver(message, ['app_mention', 'message'], random);
    return track(message, message.ts);
  };
  const quiet = (happen: (random: Random) => void) => (random: Random) => {
    happen(random);
    return null;
  };

  return {
    events: [
      { weight: 40, happen: mention },
      {
        weight: 10,
        happen: (random) => {
          const earlier = asked.filter(({ message, root }) => message.ts === root && threads.get(root)!.length === 1);
          const answered = earlier.slice(-60).filter(({ message, root }) => {
            const [answer] = saidIn(root, message.channel);
            return exists(message) && answer !== undefined && /documents|euros/.test(answer.text);
          });
          if (answered.length === 0) return mention(random);
          const { message: root } = random.pick(answered);
          const channel = slack.channels.get(root.channel)!;
          const message = slack.say(channel, random.pick(people), question, { thread: root.ts, events: [] });
          deliver(message, ['message'], random);
          return track(message, root.ts);
        },
      },
      {
        weight: 15,
        happen: quiet((random) => {
          slack.say(random.pick(channels), random.pick(people), 'Lunch at the harbour, anyone?');
        }),
      },
      {
        weight: 5,
        happen: quiet((random) => {
          slack.say(random.pick(channels), slack.users.get('UOTHERBOT')!, text);
        }),
      },
      {
        weight: 12,
        happen: quiet((random) => {
          const old = asked.at(-random.between(1, Math.min(asked.length, 200)));
          if (old && exists(old.message)) slack.tell(old.message, 'message');
        }),
      },
      {
        weight: 3,
        happen: quiet((random) => {
          const { message } = asked.at(-1) ?? {};
          const isAlone = message && threads.get(message.ts)?.length === 1;
          if (isAlone && exists(message) && random.chance(0.5)) slack.remove(message);
        }),
      },
      {
        weight: 3,
        happen: quiet(() => {
          const { message } = asked.at(-1) ?? {};
          if (message && exists(message)) slack.edit(message, `${message.text} Please.`);
        }),
      },
      {
        weight: 10,
        happen: quiet((random) => {
          const method = random.pick(methods);
          const how = random.pick(['fail-before', 'fail-after', 'slow', 'rate-limit'] as const);
          slack.misbehave(
            method,
            how === 'slow'
              ? { how, ms: random.between(50, 500) }
              : how === 'rate-limit'
                ? { how, retryAfterS: 1 }
                : { how },
          );
        }),
      },
      { weight: 2, happen: quiet(() => slack.disconnect()) },
    ],
    settle: () => {
      for (const tell of late.splice(0)) tell();
    },
    strays: () => {
      const roots = new Set(asked.map(({ message, root }) => `${message.channel}/${root}`));
      return slack.messages
        .filter(({ user, channel, thread_ts }) => user === botUser && !roots.has(`${channel}/${thread_ts}`))
        .map((message) => `stray in ${message.channel}: ${message.text}`);
    },
  };
}
