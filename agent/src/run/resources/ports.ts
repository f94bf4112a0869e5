import { Fault, type Label } from '@pier/shared/core';
import type { Grant } from '@pier/shared/capability';
import type { SerialLink } from '../sandbox/index.ts';
import { type PortDeps, PortKeeper } from './port-keeper.ts';
import { realPort } from './real-port.ts';

export type HeldPorts = AsyncDisposable & { readonly byLabel: ReadonlyMap<Label, SerialLink> };

/**
 * Opens every port of a grant that is there, and keeps looking for the others until disposed: a cable that is not plugged in is
 * no reason not to start. Faults: `port-busy` when one port stands under two labels; `port-reserved`, `board-gone`.
 */
export async function openPorts(grant: Pick<Grant, 'serial'>, deps: PortDeps, signal: AbortSignal): Promise<HeldPorts> {
  await using stack = new AsyncDisposableStack();
  const keepers = new Map<string, PortKeeper>();
  for (const one of grant.serial) {
    const real = realPort(one.path);
    const twin = keepers.get(real);
    if (twin) throw new Fault('port-busy', `"${twin.link.label}" and "${one.ask.label}" of app "${deps.app}" are both bound to ${real}`);
    const keeper = stack.use(new PortKeeper(one, deps));
    keepers.set(real, keeper);
    await keeper.start(signal);
  }
  const opened = stack.move();
  return { byLabel: new Map([...keepers.values()].map(({ link }) => [link.label, link])), [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
