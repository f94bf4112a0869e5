import type { AuditRecord } from '@pier/shared/api';

/** What a record is about, as words of which some lead to it. */
export type LinkedWord = { readonly text: string; readonly href?: string };

const pages: Readonly<Record<string, (id: string) => string>> = {
  device: (id) => `/devices/${id}`,
  rollout: (id) => `/rollouts/${id}`,
  release: (id) => `/releases/${id}`,
  'simulated-board': (id) => `/simulator/${id}`,
  policy: () => '/keys',
  token: () => '/enrol',
  user: () => '/people',
};

/** `device:pi-7` as a link to it, `deployment:ROLLOUT/DEVICE` as two; of what this page does not know, just the words. */
export function objectLinks(object: string): readonly LinkedWord[] {
  const at = object.indexOf(':');
  const [kind, id] = [object.slice(0, Math.max(at, 0)), object.slice(at + 1)];
  if (kind === 'deployment') {
    const [rollout = '', device = ''] = id.split('/');
    return device === '' ? [{ text: object }] : [...linked('device', device), { text: ' in ' }, ...linked('rollout', rollout)];
  }
  return Object.hasOwn(pages, kind) && id !== '' ? linked(kind, id) : [{ text: object }];
}

/** The release that a rollout was started with, where its record names it. */
export function releaseLinks({ action, detail }: Pick<AuditRecord, 'action' | 'detail'>): readonly LinkedWord[] {
  const release = detail['release'];
  return action === 'rollout.created' && typeof release === 'string' && release !== '' ? [{ text: ' of ' }, ...linked('release', release)] : [];
}

function linked(kind: string, id: string): readonly LinkedWord[] {
  const href = pages[kind]?.(encodeURIComponent(id));
  const words = kind === 'device' || kind === 'rollout' || kind === 'release' ? id : `${kind.replaceAll('-', ' ')} ${id}`;
  return [{ text: words, ...(href !== undefined && { href }) }];
}
