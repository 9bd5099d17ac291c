/**
 * Telling Discord within 3 s that an interaction was heard, and remembering for its reply that this was done. Knows the
 * callback route; must not know commands.
 */
import { type InteractionResponseType, Routes } from 'discord.js';
import type { BaseLogger } from 'pino';
import { reasonOf } from '../../errors.ts';
import { codes } from './channel-messages.ts';
import { type Calls, codeOf } from './rest.ts';

/** Acknowledgements matter for seconds; this many interactions do not come in that time. */
const maxRemembered = 1000;

export interface Acknowledgement {
  /** Whether Discord took it. */
  readonly ok: boolean;
  /** The visible message it made (“is thinking”, or a notice). */
  readonly messageId: string | null;
}

interface Interaction {
  readonly id: string;
  readonly token: string;
}

export interface Acknowledgements {
  /** Announces that one will follow: replies begun meanwhile wait for it. */
  expect(interactionId: string): void;
  send(interaction: Interaction, type: InteractionResponseType, data: object): Promise<Acknowledgement>;
  /** The one sent or expected by this process; undefined after a restart. */
  of(interactionId: string): Promise<Acknowledgement> | undefined;
}

export function createAcknowledgements({
  calls,
  log,
}: {
  readonly calls: Calls;
  readonly log: Pick<BaseLogger, 'warn'>;
}): Acknowledgements {
  const known = new Map<
    string,
    { readonly sent: Promise<Acknowledgement>; readonly settle: (ack: Acknowledgement) => void }
  >();

  const post = async (
    { id, token }: Interaction,
    type: InteractionResponseType,
    data: object,
  ): Promise<Acknowledgement> => {
    try {
      const response = await calls.call<{ resource?: { message?: { id: string } | null } } | null>({
        method: 'POST',
        route: Routes.interactionCallback(id, token),
        query: { with_response: 'true' },
        body: { type, data },
        auth: false,
      });
      return { ok: true, messageId: response?.resource?.message?.id ?? null };
    } catch (error) {
      // Delivered twice, or repeated after a doubtful failure: the first one counted.
      if (codeOf(error) === codes.alreadyAcknowledged) return { ok: true, messageId: null };
      log.warn({ interaction: id, reason: reasonOf(error) }, 'Discord interaction not acknowledged');
      return { ok: false, messageId: null };
    }
  };

  return {
    expect: (interactionId) => {
      if (known.has(interactionId)) return;
      let settle: (ack: Acknowledgement) => void = () => undefined;
      const sent = new Promise<Acknowledgement>((resolve) => {
        settle = resolve;
      });
      known.set(interactionId, { sent, settle });
      const oldest = known.size > maxRemembered ? known.keys().next().value : undefined;
      if (oldest !== undefined) known.delete(oldest);
    },
    send: async (interaction, type, data) => {
      const ack = await post(interaction, type, data);
      known.get(interaction.id)?.settle(ack);
      return ack;
    },
    of: (interactionId) => known.get(interactionId)?.sent,
  };
}
