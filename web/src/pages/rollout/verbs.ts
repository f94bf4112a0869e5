/** Which buttons a rollout has in which state, in which order, and what they are called. */
import type { Rollout, RolloutState, RolloutVerb, VerbPreview } from '@pier/shared/api';
import { type IconName, count, counted, sentence, shortDigests } from '../../words/index.ts';
import { sumsOf } from './standing.ts';

export type Buttons = { readonly main: RolloutVerb | undefined; readonly beside: readonly RolloutVerb[]; readonly more: readonly RolloutVerb[] };

const over: Buttons = { main: undefined, beside: ['roll_back', 'abort'], more: ['retry', 'exclude', 'set_cap'] };
const buttons: Readonly<Record<RolloutState, Buttons>> = {
  awaiting_approval: { main: 'approve', beside: ['deny'], more: ['exclude', 'abort', 'set_cap'] },
  running: { main: 'pause', beside: ['advance', 'roll_back', 'abort'], more: ['retry', 'exclude', 'set_cap'] },
  paused: { main: 'resume', beside: ['advance', 'roll_back', 'abort'], more: ['retry', 'exclude', 'set_cap'] },
  completed: { main: undefined, beside: ['roll_back', 'abort'], more: ['retry', 'exclude', 'set_cap'] },
  aborting: over,
  aborted: over,
  denied: over,
  rolling_back: { ...over, more: ['set_cap', 'retry', 'exclude'] },
  rolled_back: over,
};

/** Where something ended badly and a person has to decide, trying again stands in front, and passing over it behind the dots. */
export function buttonsOf(rollout: Pick<Rollout, 'state' | 'waves'>): Buttons {
  const own = buttons[rollout.state];
  const decide = sumsOf(rollout).badly > 0 && (rollout.state === 'paused' || rollout.state === 'completed');
  const behind = (verb: RolloutVerb): boolean => verb === 'advance';
  return decide ? { main: own.main, beside: ['retry', ...own.beside.filter((verb) => !behind(verb))], more: [...own.beside.filter(behind), ...own.more.filter((verb) => verb !== 'retry')] } : own;
}

const icons = {
  approve: 'check', deny: 'barred', pause: 'pause', resume: 'play', advance: 'chevrons', abort: 'square', exclude: 'skip', roll_back: 'back', set_cap: 'filter',
} as const satisfies Partial<Record<RolloutVerb, IconName>>;
/** A retry has none: its ring would look like a state. */
export const verbIcon = (verb: RolloutVerb): { readonly icon?: IconName } => (verb === 'retry' ? {} : { icon: icons[verb] });

const names: Readonly<Record<RolloutVerb, string>> = {
  approve: 'Approve', deny: 'Deny', pause: 'Pause', resume: 'Resume', advance: 'Advance', abort: 'Abort', retry: 'Retry', exclude: 'Exclude', roll_back: 'Roll back', set_cap: 'Change the cap',
};
export const verbName = (verb: RolloutVerb): string => names[verb];

/** Pause and resume say what they do under the button and act at once; all others open a preview. */
export const actsAtOnce = (verb: RolloutVerb): boolean => verb === 'pause' || verb === 'resume';

/** What stands on the button: `Retry 9 failed…`, `Roll back…`, `Pause`. */
export function verbLabel(verb: RolloutVerb, preview: VerbPreview | undefined): string {
  if (actsAtOnce(verb)) return names[verb];
  return verb === 'retry' && preview?.possible === true ? `Retry ${count(preview.devices)} failed…` : `${names[verb]}…`;
}

/** What stands on the last button of the dialog: verb and count. */
export function lastWord(verb: RolloutVerb, devices: number): string {
  const of = counted(devices, 'device');
  const words: Readonly<Record<RolloutVerb, string>> = {
    approve: `Approve for ${of}`, deny: `Deny for ${of}`, pause: `Pause, ${of} wait`, resume: `Resume, ${of} wait`, advance: `Advance, offer to ${of}`, abort: devices === 0 ? 'Abort, nobody waits' : `Abort, leave out ${of}`,
    retry: `Retry ${of}`, exclude: `Exclude ${of}`, roll_back: `Roll back ${of}`, set_cap: 'Change the cap',
  };
  return words[verb];
}

/** What the figure of the dialog counts. */
export function figureWords(verb: RolloutVerb, devices: number, firstOfApp = false): string {
  const one = devices === 1;
  const words: Readonly<Record<RolloutVerb, string>> = {
    approve: 'will be offered it, wave by wave', deny: one ? 'stays as it is' : 'stay as they are', pause: one ? 'waits until it is resumed' : 'wait until it is resumed', resume: one ? 'waits and will be offered it' : 'wait and will be offered it', advance: 'in the wave that opens',
    abort: `${one ? 'is' : 'are'} left out; what runs stays`, retry: one ? 'tries again' : 'try again', exclude: one ? 'is left out and counts for no gate' : 'are left out and count for no gate', roll_back: firstOfApp ? `${one ? 'loses' : 'lose'} the app: it is REMOVED, nothing ran before` : `${one ? 'goes' : 'go'} back to what ran before; where nothing did, the app is REMOVED`, set_cap: 'at work at once',
  };
  return `${one ? 'device' : 'devices'} ${words[verb]}`;
}

/** The manager's sentence as one that stands alone. */
export function plainSentence(text: string): string {
  return sentence(shortDigests(plain(text)));
}

/** Words of the contract as a person says them; what is counted as none is not worth a word. */
function plain(text: string): string {
  return withoutNone(text).replaceAll('these do:', 'these fit:').replaceAll('rolled_back', 'rolled back').replaceAll('rolling_back', 'rolling back').replaceAll('roll_back', 'roll back').replaceAll('set_cap', 'change the cap').replaceAll('awaiting_approval', 'waiting for approval');
}

/** `ends it; left out: 0 devices, at work: 2 devices` without its first count. */
function withoutNone(text: string): string {
  const parts = text.split('; ').map((part) => part.split(', ').filter((one) => !/^[a-z ]+: 0(?: devices)?$/.test(one)).join(', '));
  return parts.filter((part) => part !== '').join('; ');
}

/** Verbs of a rollout, looked up. */
export function previewOf(items: readonly VerbPreview[] | undefined, verb: RolloutVerb): VerbPreview | undefined {
  return items?.find((item) => item.verb === verb);
}

/** Under the buttons: what the main one does, and why those are off that are; of a rollout that is over, once, that nothing fits any more. */
export function effectLines({ main, beside }: Pick<Buttons, 'main' | 'beside'>, items: readonly VerbPreview[] | undefined): readonly string[] {
  const off = beside.flatMap((verb) => previewOf(items, verb) ?? []).filter(({ possible }) => !possible);
  if (off.length > 1 && off.length === beside.length) return [plainSentence(off[0]?.sentence ?? '')];
  const first = main === undefined ? undefined : previewOf(items, main);
  return [...(first ? [first] : []), ...off].map(({ verb, possible, sentence: words }) => `${names[verb]}${possible ? '' : ' is off'}: ${plain(words)}.`);
}
