/**
 * What a chat platform and Docent say to each other. Adapters (slack/, discord/, terminal/) know their platform and this
 * file; `chat/service.ts` knows answers, documents and this file. Neither knows the other's side.
 */
import type { Source } from '../answers/contract.ts';

export type PlatformName = 'slack' | 'discord' | 'local';

/** Anything JSON: what a platform needs to find its reply again after a restart (channel, thread, message ids, token). */
export type ReplyTarget = { readonly platform: PlatformName } & Readonly<Record<string, unknown>>;

export interface Place {
  readonly platform: PlatformName;
  readonly workspace: { readonly externalId: string; readonly name: string };
  readonly channel: {
    readonly externalId: string;
    readonly name: string;
    /** open: every full member of the workspace can read it; closed: anything else; direct: a direct message. */
    readonly visibility: 'open' | 'closed' | 'direct';
  };
  /** Key of the thread (Slack thread_ts, Discord thread or reply chain); follow-ups share it. */
  readonly thread: string;
  /** A guest, or somebody of another organisation, can read along here. */
  readonly restricted: boolean;
}

export interface Person {
  /** Platform id, for instance `U123`. */
  readonly id: string;
  readonly isAdmin: boolean;
}

export interface IncomingFile {
  /** The platform's id of the file; the exactly-once key of the upload. */
  readonly key: string;
  readonly name: string;
  /** Size the platform states, checked before downloading; null when it doesn't. */
  readonly bytes: number | null;
  /** Where a person opens it. */
  readonly url: string | null;
  /** Stored outside the platform: answered with "upload it here". */
  readonly external: boolean;
  /** @throws DocentError FILE_FETCH_FAILED, FILE_LOGIN_PAGE */
  download(): Promise<Uint8Array>;
}

export interface IncomingMessage {
  /** Exactly-once key of the message itself, e.g. `slack:T1:C1:1712.34`, `discord:<interaction or message id>`. */
  readonly key: string;
  readonly place: Place;
  readonly person: Person;
  /** What was said to the bot, without the mention. */
  readonly text: string;
  readonly files: readonly IncomingFile[];
  /** false: a message that only carries files or stands in a thread of the bot, without naming it. */
  readonly addressed: boolean;
  /** Stored with the question, so that a new process can go on with `ChatAdapter.reopen`. */
  readonly target: ReplyTarget;
}

/** A command such as `/docent status`, `/documents`, `/upload`. */
export interface IncomingCommand {
  readonly key: string;
  readonly name:
    | 'help'
    | 'documents'
    | 'status'
    | 'retrain'
    | 'feedback'
    | 'policy'
    | 'backfill'
    | 'export'
    | 'forget'
    | 'upload';
  readonly place: Place;
  readonly person: Person;
  readonly text: string;
  readonly files: readonly IncomingFile[];
  readonly target: ReplyTarget;
}

export interface ReplyContent {
  /** Markdown as Docent writes it (bold, lists, code, links); the adapter turns it into the platform's own. */
  readonly text: string;
  readonly sources: readonly Source[];
  /** Set on answers: feedback buttons carry it. */
  readonly answerId: string | null;
  readonly tone: 'answer' | 'not-found' | 'info' | 'error';
  /** Buttons below it; pressing one comes back as `ChatHandlers.press`. At most 10. */
  readonly actions?: readonly ReplyAction[];
  /** A text file that only the asker gets; only in replies to commands. */
  readonly attachment?: { readonly name: string; readonly text: string };
}

export const actionKinds = ['teach', 'approve', 'reject', 'stop'] as const;

export interface ReplyAction {
  /** teach: keep a correction as a document; approve, reject: whether a correction is learned; stop: a question. */
  readonly kind: (typeof actionKinds)[number];
  /** Id of the feedback or question that it is about. */
  readonly subject: string;
  readonly label: string;
}

/** The form behind 👎. */
export interface IncomingCorrection {
  readonly key: string;
  readonly answerId: string;
  readonly person: Person;
  readonly place: Place;
  /** What the answer should have been; '' = left out. */
  readonly correction: string;
  /** What is wrong with the answer; '' = left out. */
  readonly reason: string;
  /** Shown only to this person. */
  readonly target: ReplyTarget;
}

export interface IncomingPress {
  readonly key: string;
  readonly action: Pick<ReplyAction, 'kind' | 'subject'>;
  readonly person: Person;
  readonly place: Place;
  /** Seen by the channel for `teach`, else only by this person. */
  readonly target: ReplyTarget;
}

/** Docent came into a channel, or an admin wants what was shared there before to be read. */
export interface IncomingJoin {
  readonly key: string;
  readonly why: 'joined' | 'command';
  readonly place: Place;
  readonly target: ReplyTarget;
}

/** A message that somebody wants to be a document of its channel, with its files. */
export interface IncomingTeaching {
  readonly key: string;
  readonly place: Place;
  readonly person: Person;
  readonly message: {
    /** Of the document, so that edits and the deletion of the message are followed. */
    readonly key: string;
    readonly text: string;
    readonly url: string | null;
    readonly at: Date;
  };
  readonly files: readonly IncomingFile[];
  readonly target: ReplyTarget;
}

/** What the form behind 👎 asks; both may be left out. */
export const correctionQuestions = [
  { id: 'correction', label: 'The right answer', hint: 'Best in the words of a document: those I can learn.' },
  {
    id: 'reason',
    label: 'What is wrong with mine',
    hint: 'For instance: out of date, the wrong document, half of it missing.',
  },
] as const;
export const correctionTitle = 'What is wrong?';

/** Longest text that a form takes; Slack allows 3,000 characters, Discord 4,000. */
export const maxFormText = 2_000;

/**
 * One visible message. `progress` shows it, `finish` turns it into the answer. Both may be called again after a restart
 * with the same id and still leave one message: implementations write intent first and look before they post.
 */
export interface Reply {
  /** What to store so that the message is found again; changes once the message exists. */
  readonly target: ReplyTarget;
  /** @param actions buttons that are there until the next text */
  progress(text: string, actions?: readonly ReplyAction[]): Promise<void>;
  finish(content: ReplyContent): Promise<void>;
}

export interface Home {
  /** Questions that documents which this person sees answer. */
  readonly examples: readonly string[];
  readonly sections: readonly ReplyContent[];
}

/** What adapters call. Never throws: whatever goes wrong was already said politely through the reply. */
export interface ChatHandlers {
  /** Resolves once the message is durably recorded, so that the platform may be told; answering goes on behind it. */
  message(message: IncomingMessage): Promise<void>;
  command(command: IncomingCommand): Promise<void>;
  /** A vote on an answer. */
  feedback(vote: {
    readonly answerId: string;
    readonly person: Person;
    readonly place: Place;
    readonly vote: 1 | -1;
  }): Promise<void>;
  correct(correction: IncomingCorrection): Promise<void>;
  press(press: IncomingPress): Promise<void>;
  teach(teaching: IncomingTeaching): Promise<void>;
  /** This person pressed the platform's own “stop” in this thread; `key`: of the message that it begins with. */
  stop(stopped: Pick<IncomingPress, 'key' | 'place' | 'person'>): Promise<void>;
  /** What a page about Docent shows to this person. */
  home(place: Place, person: Person): Promise<Home>;
  joined(join: IncomingJoin): Promise<void>;
  /** Documents that this person may see here and whose name holds what they typed, for completion. */
  titles(
    place: Place,
    person: Person,
    typed: string,
  ): Promise<readonly { readonly id: string; readonly title: string }[]>;
  /** Somebody changed the text of a message: a document made of it follows. `key` as in IncomingTeaching.message. */
  messageEdited(key: string, text: string): Promise<void>;
  /** What a file holds was changed on the platform: documents made of it follow. */
  fileChanged(file: IncomingFile): Promise<void>;
  /** A file or message is gone on the platform: its documents go too. `key` as in IncomingFile.key or IncomingTeaching. */
  fileDeleted(place: Pick<Place, 'platform' | 'workspace'>, key: string): Promise<void>;
  /** A channel was renamed, archived, made private or public. */
  channelChanged(place: Pick<Place, 'platform' | 'workspace' | 'channel'>): Promise<void>;
  /** Docent was removed from this workspace. */
  workspaceLeft(place: Pick<Place, 'platform' | 'workspace'>): Promise<void>;
  /** The workspaces that it is in; `all`: it is in no others of this platform. */
  workspacesPresent(platform: PlatformName, externalIds: readonly string[], all: boolean): Promise<void>;
  /** Whether Docent has spoken in this thread (follow-ups without a mention are for it). */
  isOwnThread(place: Place): Promise<boolean>;
  /** Whether this message key was already taken up (duplicates, and catching up after a restart). */
  isKnown(key: string): Promise<boolean>;
}

/** A small durable memory that an adapter is given: hash of the registered commands, when it was last connected, … */
export type { Notes } from '../store/notes.ts';

export interface ChatAdapter {
  readonly platform: PlatformName;
  /**
   * Resolves once connected. After PLATFORM_UNREACHABLE it keeps trying until `stop`; the other errors are final.
   * @throws DocentError TOKEN_INVALID, SCOPE_MISSING, PLATFORM_UNREACHABLE
   */
  start(handlers: ChatHandlers): Promise<void>;
  /** Stops taking messages; replies under way may still finish. Idempotent. */
  stop(): Promise<void>;
  /**
   * The one visible message of a question or upload. `id` (the question's or version's id) makes posting idempotent
   * (Slack message metadata, Discord nonce), also over restarts.
   */
  open(target: ReplyTarget, id: string): Reply;
  /**
   * Where a message of its own can stand beside the reply to `target`, minutes later; null where only the reply itself
   * can be reached.
   */
  aside(target: ReplyTarget): ReplyTarget | null;
  /** Documents that were shared in a channel before, oldest first; null where the platform does not show them. */
  earlierFiles(place: Place): Promise<readonly IncomingFile[] | null>;
  /** External ids of the closed channels this person is in now; asked from the platform, cached ≤ 60 s. Unreachable = []. */
  closedChannelsOf(workspaceId: string, personId: string): Promise<readonly string[]>;
  /** One line for start-up and doctor: "Slack: connected to Acme as @docent". */
  describe(): string;
}
