import { type Clock, type Log, toFault } from '@pier/shared/core';
import type { Authority, TlsIdentity } from './authority.ts';

const everyMs = 12 * 3_600_000;

/** Has the doors show a new certificate before theirs runs out, without a restart; who is connected stays so. */
export function keepServerIdentity({ authority, clock, log, doors }: { authority: Pick<Authority, 'server' | 'renewServer'>; clock: Clock; log: Log; doors: readonly { useIdentity(identity: TlsIdentity): void }[] }): Disposable {
  const look = async (): Promise<void> => {
    try {
      if (!(await authority.renewServer())) return;
      for (const door of doors) door.useIdentity(authority.server);
      log.info({}, 'server-certificate.renewed');
    } catch (error) {
      log.error({ error: toFault(error).message }, 'server-certificate.not-renewed');
    }
  };
  return clock.every(everyMs, () => void look());
}
