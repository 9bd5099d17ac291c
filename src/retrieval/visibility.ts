/**
 * Who may see which passages, as SQL. Every query that returns a title, term, count or text of documents goes through
 * `visibleChannels`; there is no other filter anywhere, so there is none to forget.
 */

/** Who listens in on a conversation. */
export interface Audience {
  /** Channel the conversation is in; null = command line without --channel, web chat, /v1. */
  readonly channelId: string | null;
  /** In a direct message: closed channels (their ids) that this person is in now. */
  readonly memberOf?: readonly string[];
  /** A guest or outsider takes part: only this conversation's own documents. */
  readonly restricted?: boolean;
}

/** Placeholders $1…$3 of every query below; further parameters start at $4. */
export const audienceParameters = (audience: Audience): readonly [string | null, readonly string[], boolean] => [
  audience.channelId,
  audience.memberOf ?? [],
  audience.restricted ?? false,
];

/**
 * Common table expression `visible_channels(id)`. Open channels count inside their workspace; without a channel (the
 * operator's own surfaces) all open ones do, closed ones never.
 */
export const visibleChannels = `
  here as (select id, workspace_id from channels where id = $1::uuid),
  visible_channels as (
    select c.id from channels c
    where c.id = $1::uuid
       or (not $3::boolean and (
            c.visibility = 'everyone'
            or (c.visibility = 'open' and ($1::uuid is null or c.workspace_id = (select workspace_id from here)))
            or (c.visibility = 'closed' and c.id = any($2::uuid[]) and c.workspace_id = (select workspace_id from here))))
  )`;

/** `visible_passages`: passages of live versions placed in a visible channel. */
export const visiblePassages = `${visibleChannels},
  visible_passages as (
    select p.id, p.length, p.section_id, p.version_id, d.id as document_id, d.channel_id
    from documents d
    join visible_channels vc on vc.id = d.channel_id
    join passages p on p.version_id = d.live_version_id
  )`;
