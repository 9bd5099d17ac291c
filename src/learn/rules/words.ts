/** Small changes of wording that questions need. Knows English, not documents. */

/** Auxiliaries that move in front of the subject in a question. */
export const auxiliaries = ['is', 'are', 'was', 'were', 'can', 'may', 'must', 'will', 'should', 'has', 'have'] as const;

/** Third person → base, of verbs that policies and manuals use with a thing as subject. */
const verbs: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'accept accrue allow apply appear assume begin belong charge collect come consist contain control cost cover create',
    'decide define delete depend describe determine display earn enable encourage end ensure expire explain focus follow',
    'get give grant handle happen help hold include increase indicate involve keep last lead let limit list live maintain',
    'make manage match mean measure meet need occur offer own pay perform prevent produce prohibit protect provide',
    'publish receive recommend reduce refer refund remain remove replace report represent require reserve return review',
    'run save sell send serve set share show specify start stay stop store support take tell track turn update use vary',
    'verify want work write',
  ]
    .join(' ')
    .split(' ')
    .map((verb) => [
      /(?:s|x|ch|sh|o)$/.test(verb) ? `${verb}es` : verb.replace(/([^aeiou])y$/, '$1ie').concat('s'),
      verb,
    ]),
);
const baseVerbs = new Set(Object.values(verbs));

export const baseOfThird = (verb: string): string | null => verbs[verb] ?? null;
export const isBaseVerb = (verb: string): boolean => baseVerbs.has(verb);

const irregularGerunds: Readonly<Record<string, string>> = {
  running: 'run',
  getting: 'get',
  setting: 'set',
  putting: 'put',
  cutting: 'cut',
  submitting: 'submit',
  planning: 'plan',
  stopping: 'stop',
  shipping: 'ship',
  logging: 'log',
  tagging: 'tag',
  debugging: 'debug',
  mapping: 'map',
  beginning: 'begin',
  controlling: 'control',
  scheduling: 'schedule',
  resetting: 'reset',
  swapping: 'swap',
  dropping: 'drop',
  committing: 'commit',
  adding: 'add',
  editing: 'edit',
  creating: 'create',
  viewing: 'view',
  testing: 'test',
  building: 'build',
  using: 'use',
  managing: 'manage',
  configuring: 'configure',
  updating: 'update',
  deleting: 'delete',
  making: 'make',
  writing: 'write',
  sharing: 'share',
  requesting: 'request',
  reporting: 'report',
  installing: 'install',
  enabling: 'enable',
  changing: 'change',
  removing: 'remove',
  connecting: 'connect',
  monitoring: 'monitor',
  restoring: 'restore',
  upgrading: 'upgrade',
  taking: 'take',
  disabling: 'disable',
  copying: 'copy',
  applying: 'apply',
  moving: 'move',
  working: 'work with',
  importing: 'import',
  exporting: 'export',
  sending: 'send',
  finding: 'find',
  joining: 'join',
  becoming: 'become',
  preparing: 'prepare',
  opening: 'open',
  closing: 'close',
  starting: 'start',
  downloading: 'download',
  uploading: 'upload',
  verifying: 'verify',
  deploying: 'deploy',
  publishing: 'publish',
  renaming: 'rename',
  replacing: 'replace',
  resolving: 'resolve',
  specifying: 'specify',
  troubleshooting: 'troubleshoot',
  attaching: 'attach',
  detaching: 'detach',
  granting: 'grant',
  assigning: 'assign',
  choosing: 'choose',
  contributing: 'contribute',
  recording: 'record',
  posting: 'post',
  hiring: 'hire',
};
/** `Creating` → `create`; null when the verb is not known. */
export const baseOfGerund = (word: string): string | null => irregularGerunds[word.toLowerCase()] ?? null;
const headingVerbs = new Set(Object.values(irregularGerunds));
export const isHeadingVerb = (word: string): boolean => headingVerbs.has(word.toLowerCase());

/** `you` is who acts behind these words, or in front of those. */
const subjectBefore =
  /(?:^|\b(?:if|when|whether|that|once|before|after|because|as|until|unless|while|what|where|how|which|who|the|and|or|is|are|was|were|can|may|must|will|should|have|had|do|did|does)) $/i;
const verbAfter =
  /^(?:['’](?:re|ve|ll|d)\b| (?:are|can|cannot|can't|could|did|do|don't|had|have|haven't|may|might|must|should|want|were|will|would|need|needed|use|used|receive|received|agree|leave|left|live|own|move|choose|chose|think|wish|like|get|got|see|send|make|made|plan|work|wrote|pay|paid|provide|upload|create|created|apply|find|share|intend|expect|start|run)\b)/i;

/** From the document's view to the asker's: you → I or me, we → you. */
export function asAsker(text: string): string {
  return text
    .replace(/\b(you|your|yours|yourself|we|our|ours|us)\b/gi, (word, _group: string, at: number) => {
      if (word === 'US') return word;
      switch (word.toLowerCase()) {
        case 'your':
          return 'my';
        case 'yours':
          return 'mine';
        case 'yourself':
          return 'myself';
        case 'our':
          return 'your';
        case 'ours':
          return 'yours';
        case 'you': {
          const acts =
            at === 0 || subjectBefore.test(text.slice(0, at)) || verbAfter.test(text.slice(at + word.length));
          return acts ? 'I' : 'me';
        }
        default:
          return 'you';
      }
    })
    .replace(/\bI are\b/g, 'I am')
    .replace(/\bI['’]re\b/g, "I'm")
    .replace(/\bI aren['’]t\b/g, 'I am not')
    .replace(/\bI weren['’]t\b/g, 'I was not')
    .replace(/\bI were\b/g, 'I was')
    .replace(/\b(are|were) I\b/gi, (_, verb: string) => (verb.toLowerCase() === 'are' ? 'am I' : 'was I'));
}

/** The first word in lower case unless it is a name, an abbreviation or never stands small in `document`. */
export function lowerFirst(text: string, document: string): string {
  const word = /^[\p{L}'’]+/u.exec(text)?.[0] ?? '';
  if (word === 'I' || !/^\p{Lu}\p{Ll}*$/u.test(word)) return text;
  const small = word.charAt(0).toLowerCase() + word.slice(1);
  const common =
    /^(?:the|a|an|your|our|all|each|every|any|some|most|no|everyone|everybody|anyone|nobody|you|we|there|if|when|to|only|both|one|two|three)$/;
  if (common.test(small)) return small + text.slice(word.length);
  const stands = (form: string, before: string) => new RegExp(`${before}${form}\\b`, 'u').test(document);
  if (stands(word, '[\\p{Ll},] ') || (!stands(small, '(?:^|[\\s(])') && !/^\S+ \p{Ll}/u.test(text))) return text;
  return small + text.slice(word.length);
}

export const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Makes a question of words: one space, a capital, a question mark. */
export const asQuestion = (text: string): string =>
  `${upperFirst(
    text
      .replace(/\s+/g, ' ')
      .replace(/\s+([,.])/g, '$1')
      .replace(/[\s.,;:?]+$/, '')
      .trim(),
  )}?`;

const stop = new Set(
  'a an the of to in on at for by with from and or is are was were be been do does did can may must will should has have i you we it this that what which who when where how many much long there my your our as if not no so any all'.split(
    ' ',
  ),
);
export const contentWords = (text: string): string[] =>
  (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => !stop.has(word));
