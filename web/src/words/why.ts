import type { WhyCode } from '@pier/shared/api';
import { capital } from './format.ts';
import type { Family, IconName } from './states.ts';

type Look = { readonly family: Family; readonly icon: IconName };

const looks: Readonly<Record<Family, Look>> = {
  ok: { family: 'ok', icon: 'check' },
  soaking: { family: 'soaking', icon: 'hourglass' },
  busy: { family: 'busy', icon: 'ring' },
  waiting: { family: 'waiting', icon: 'clock' },
  paused: { family: 'paused', icon: 'pause' },
  failed: { family: 'failed', icon: 'octagon' },
  refused: { family: 'refused', icon: 'barred' },
  offline: { family: 'offline', icon: 'struck' },
  excluded: { family: 'excluded', icon: 'skip' },
  undone: { family: 'undone', icon: 'back' },
};

const families: Readonly<Record<WhyCode, Family>> = {
  proven: 'ok',
  'device.pending': 'waiting',
  'device.revoked': 'offline',
  'identity-conflict': 'refused',
  'none-wanted': 'waiting',
  'rollout.excluded': 'excluded',
  'rollout.superseded': 'excluded',
  'rollout.aborted': 'excluded',
  'rollout.rolled-back': 'undone',
  'rolling-back': 'undone',
  'rollback-failed': 'failed',
  'release.withdrawn': 'refused',
  'release.unverified': 'refused',
  'rollout.approval': 'waiting',
  'rollout.denied': 'refused',
  'rollout.paused-operator': 'paused',
  'rollout.paused-gate': 'paused',
  'rollout.paused-trust': 'paused',
  'assigned.by-hand': 'paused',
  'app.held': 'paused',
  'app.deployed-by-hand': 'paused',
  'rollout.wave-pending': 'waiting',
  'rollout.wave-manual': 'waiting',
  'device.offline': 'offline',
  'device.awaited': 'offline',
  'policy.scope': 'refused',
  'capability.unbound': 'refused',
  'capability.mode': 'refused',
  'capability.reserved': 'refused',
  'device.document-too-large': 'refused',
  'device.busy': 'waiting',
  'rollout.capacity': 'waiting',
  'desired.refused': 'refused',
  'device.silent': 'offline',
  'at-work.due': 'waiting',
  'at-work.offered': 'waiting',
  'at-work.accepted': 'busy',
  'at-work.downloading': 'busy',
  'at-work.verifying': 'busy',
  'at-work.applying': 'busy',
  'at-work.soaking': 'soaking',
  'timed-out': 'failed',
  'device.refused': 'refused',
  'app.failed': 'failed',
  'app.regressed': 'failed',
};

/** How the answer to "why is it not updated?" looks: icon and family by its code; one that is new to this page waits. */
export function whyLook(code: string): Look {
  return looks[Object.hasOwn(families, code) ? families[code as WhyCode] : 'waiting'];
}

/** One thing that a person can do: in words, as a command to copy, or both. */
export type Remedy = { readonly words: string | undefined; readonly command: string | undefined };

/** `See its last lines with: pier device logs d a; then: pier rollout retry r d` is two steps, each with its command. */
export function remediesOf(remedy: string | null): Remedy[] {
  if (remedy === null) return [];
  const steps: Remedy[] = [];
  let from = 0;
  for (const found of remedy.matchAll(/(?<=^|: )pier [^;,(]*?(?= \(|[;,]|$)/g)) {
    steps.push({ words: wordsOf(remedy.slice(from, found.index)), command: found[0].trim() });
    from = found.index + found[0].length;
  }
  const rest = wordsOf(remedy.slice(from));
  return rest === undefined ? steps : [...steps, { words: rest, command: undefined }];
}

function wordsOf(text: string): string | undefined {
  const words = text.replace(/^[;,\s]+/, '').replace(/[:\s]+$/, '');
  return words === '' ? undefined : capital(words);
}
