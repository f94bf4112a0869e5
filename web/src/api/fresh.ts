/** Which answers a change makes old: what the event stream says, and what our own acts did. */
import type { QueryClient } from '@tanstack/react-query';
import type { ChangeEvent, RouteName } from '@pier/shared/api';

type Kind = Exclude<ChangeEvent['kind'], 'resync'>;

const devices = ['listDevices', 'countDevices', 'getFleet', 'getDevice', 'whyDevice', 'listEvents', 'listRefusals', 'listCommands'] as const satisfies readonly RouteName[];
const rollouts = ['listRollouts', 'getRollout', 'listDeployments', 'whyRollout', 'previewRollout', 'contrastRollout', 'progressRollout'] as const satisfies readonly RouteName[];

/** Every change is in the audit; a deployment that moves changes how its device stands. */
export const madeOld: Readonly<Record<Kind, readonly RouteName[]>> = {
  device: [...devices, 'listPending', 'useOfRelease', 'listSimBoards', 'listAudit'],
  rollout: [...rollouts, ...devices, 'useOfRelease', 'listAudit'],
  release: ['listReleases', 'getRelease', 'useOfRelease', 'compareRelease', 'listAudit'],
  policy: ['getAbout', 'getPolicy', 'listReleases', 'getRelease', 'listAudit'],
  access: ['listUsers', 'listTokens', 'listApiTokens', 'listPending', 'listAudit'],
};

/** What a request is about: a change of others does not make it old. */
const subjectOf: Partial<Record<RouteName, { readonly kind: Kind; readonly param: string }>> = {
  getDevice: { kind: 'device', param: 'device' },
  whyDevice: { kind: 'device', param: 'device' },
  listEvents: { kind: 'device', param: 'device' },
  listRefusals: { kind: 'device', param: 'device' },
  listCommands: { kind: 'device', param: 'device' },
  getRollout: { kind: 'rollout', param: 'id' },
  listDeployments: { kind: 'rollout', param: 'id' },
  whyRollout: { kind: 'rollout', param: 'id' },
  previewRollout: { kind: 'rollout', param: 'id' },
  contrastRollout: { kind: 'rollout', param: 'id' },
  progressRollout: { kind: 'rollout', param: 'id' },
};

export type Changed = ReadonlyMap<Kind, ReadonlySet<string>>;

/** Whether these changes make the answer to that request old. */
export function isOld(changed: Changed, name: RouteName, params: Readonly<Record<string, string>> | undefined): boolean {
  const subject = subjectOf[name];
  return [...changed].some(([kind, ids]) => madeOld[kind].includes(name) && (subject?.kind !== kind || ids.has(params?.[subject.param] ?? '')));
}

type Key = readonly [name: RouteName, request: { readonly params?: Readonly<Record<string, string>> }, ...rest: unknown[]];

/** Asks again, on the page that is open, for what these changes made old. */
export function askAgain(queries: QueryClient, changed: Changed): void {
  void queries.invalidateQueries({
    predicate: ({ queryKey }) => {
      const [name, request] = queryKey as unknown[] as [RouteName, Key[1] | undefined];
      return isOld(changed, name, request?.params);
    },
  });
}

export function askAllAgain(queries: QueryClient): void {
  void queries.invalidateQueries();
}
