/** Slack's structures, as far as they are read here. @see https://docs.slack.dev/reference/objects */

export interface SlackFile {
  readonly id: string;
  readonly name?: string | null;
  readonly title?: string;
  /** Seconds since 1970. */
  readonly created?: number;
  readonly mimetype?: string;
  readonly size?: number;
  /** hosted, external, snippet, post, quip (a canvas), tombstone (deleted), hidden_by_limit */
  readonly mode?: string;
  readonly is_external?: boolean;
  readonly url_private?: string;
  readonly url_private_download?: string;
  readonly permalink?: string;
  /** `check_file_info`: shared by another organisation, the details must be asked for. */
  readonly file_access?: string;
}

/** A message in an event or a history. */
export interface SlackMessage {
  readonly type?: string;
  readonly subtype?: string;
  readonly channel: string;
  readonly channel_type?: string;
  readonly user?: string;
  readonly bot_id?: string;
  readonly app_id?: string;
  readonly text?: string;
  readonly ts: string;
  readonly thread_ts?: string;
  readonly files?: readonly SlackFile[];
  readonly hidden?: boolean;
  readonly previous_message?: { readonly files?: readonly SlackFile[]; readonly ts?: string };
  /** Of `message_changed`: as it is now. */
  readonly message?: SlackMessage;
  readonly deleted_ts?: string;
  readonly metadata?: { readonly event_type?: string; readonly event_payload?: Readonly<Record<string, unknown>> };
  readonly reply_count?: number;
  readonly latest_reply?: string;
}

export interface SlackConversation {
  readonly id: string;
  readonly name?: string;
  readonly is_im?: boolean;
  readonly is_mpim?: boolean;
  readonly is_private?: boolean;
  readonly is_group?: boolean;
  readonly is_archived?: boolean;
  readonly is_member?: boolean;
  readonly is_shared?: boolean;
  readonly is_org_shared?: boolean;
  readonly is_ext_shared?: boolean;
  readonly is_pending_ext_shared?: boolean;
  /** The other person of a direct message. */
  readonly user?: string;
}

export interface SlackUser {
  readonly id: string;
  readonly team_id?: string;
  readonly name?: string;
  readonly profile?: { readonly display_name?: string; readonly real_name?: string };
  readonly is_admin?: boolean;
  readonly is_owner?: boolean;
  readonly is_restricted?: boolean;
  readonly is_ultra_restricted?: boolean;
  readonly is_stranger?: boolean;
  readonly is_bot?: boolean;
  readonly deleted?: boolean;
}

export interface SlackCommand {
  readonly channel_id: string;
  readonly channel_name: string;
  readonly user_id: string;
  readonly text: string;
  readonly response_url: string;
  readonly trigger_id: string;
}

/** Slack's message ids are times: seconds with six decimals. */
export const timeOfTs = (ts: string): number => Math.floor(Number(ts) * 1000);
export const tsOfTime = (ms: number): string => (ms / 1000).toFixed(6);
