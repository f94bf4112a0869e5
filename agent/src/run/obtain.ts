import { type AppName, type Log, type Verdict, toFault } from '@pier/shared/core';
import type { BoardProfile } from '@pier/shared/hardware';
import type { Verifier } from '../artifact.ts';
import type { Store, Wanted } from '../store/index.ts';
import { type Program, loadProgram } from './program.ts';
import type { Pruner } from './pruner.ts';
import type { Runner } from './sandbox/index.ts';

export type ObtainDeps = { readonly store: Store; readonly verifier: Verifier; readonly runner: Runner; readonly profile: () => BoardProfile; readonly log: Log; readonly pruner: Pruner };

/** Which release, and under which bindings. */
export type Obtained = Pick<Wanted, 'digest' | 'repository' | 'bindings'>;
type By = { readonly deps: ObtainDeps; readonly signal: AbortSignal; readonly onVerifying?: () => void };

/** From the registry into the store and through every check, up to a program that could start. Faults: those of the network and the disk. */
export async function obtain(app: AppName, { digest, repository, bindings }: Obtained, { deps, signal, onVerifying }: By): Promise<Verdict<Program>> {
  return deps.pruner.whileFetching(async () => {
    const inspected = await deps.verifier.inspect({ app, repository, digest }, signal);
    if (!inspected.ok) return inspected;
    await deps.verifier.download(inspected.value, signal);
    onVerifying?.();
    return loadProgram({ app, digest, bindings }, { ...deps, profile: deps.profile() });
  });
}

/** A stored release, fetched again only when the disk lost it. `repository` counts when the store does not know where it is from. */
export async function loadOrObtain(app: AppName, what: Obtained, by: By): Promise<Verdict<Program>> {
  const { deps } = by;
  try {
    return await loadProgram({ app, digest: what.digest, bindings: what.bindings }, { ...deps, profile: deps.profile() });
  } catch (cause) {
    const fault = toFault(cause);
    if (fault.code !== 'digest-mismatch' && fault.code !== 'not-found') throw fault;
    deps.log.error({ app, digest: what.digest, code: fault.code, reason: fault.message }, 'artifact.lost-on-disk');
    return await obtain(app, { ...what, repository: deps.store.releases.get(what.digest)?.repository ?? what.repository }, by);
  }
}
