/** When Docent speaks in a channel, as its admins want it. Knows rows and roles; no platform. */
import { DocentError } from '../errors.ts';
import type { ChannelPolicy, PrismaClient } from '../store/generated/client.ts';
import type { IncomingCommand, Place } from './contract.ts';
import type { Places } from './places.ts';

/** What a channel can be set to, and what that means to its people. */
export const policies: Readonly<Record<ChannelPolicy, string>> = {
  mention: 'I answer only who names me',
  threads: 'I answer who names me, and follow-ups in threads that I am in',
  off: 'I am switched off',
};

export const switchedOff = 'An admin has switched me off in this channel. In a direct message I still answer.';

const isPolicy = (text: string): text is ChannelPolicy => Object.hasOwn(policies, text);

export interface Policies {
  of(place: Place): Promise<ChannelPolicy>;
  /** Sets the channel's policy, or says what it is. @throws DocentError NOT_ALLOWED, BAD_REQUEST */
  run(command: IncomingCommand): Promise<string>;
}

export function createPolicies(deps: {
  readonly prisma: PrismaClient;
  readonly places: Pick<Places, 'locate'>;
}): Policies {
  const { prisma, places } = deps;

  const policyOf: Policies['of'] = async ({ platform, workspace, channel }) => {
    // Nobody can be sent away from a talk of two.
    if (channel.visibility === 'direct') return 'threads';
    const row = await prisma.channel.findFirst({
      where: { externalId: channel.externalId, workspace: { platform, externalId: workspace.externalId } },
      select: { policy: true },
    });
    return row?.policy ?? 'threads';
  };

  return {
    of: policyOf,
    async run({ place, person, text }) {
      const wanted = text.trim().toLowerCase();
      if (place.channel.visibility === 'direct') return 'In direct messages I answer everything.';
      if (wanted === '') return `In this channel ${policies[await policyOf(place)]}.`;
      if (!person.isAdmin)
        throw new DocentError('NOT_ALLOWED', {
          action: 'change when I answer here',
          who: 'an admin of this workspace',
        });
      if (!isPolicy(wanted))
        throw new DocentError('BAD_REQUEST', { reason: `I know the policies ${Object.keys(policies).join(', ')}` });
      const { channelId } = await places.locate(place);
      await prisma.channel.update({ where: { id: channelId }, data: { policy: wanted } });
      return `From now on, in this channel ${policies[wanted]}.`;
    },
  };
}
