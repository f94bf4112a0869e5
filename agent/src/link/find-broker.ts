import { type Log, check, toFault } from '@pier/shared/core';
import { DeviceAddresses, devicePaths } from '@pier/shared/enroll';
import { exchangeJson } from './https.ts';
import { type Identity, storeEnrolment } from './identity.ts';
import { type Session, type SessionDeps, openSession } from './session.ts';

export type FindDeps = Omit<SessionDeps, 'identity'> & { readonly identity: Identity; readonly folder: string; readonly manager: string; readonly log: Log };

/**
 * Opens sessions with the broker where it was last. When nobody answers there, the manager is asked where it is now (its ports
 * may have changed with a restart), and the answer is kept. Only a manager with a certificate of the pinned authority is believed.
 */
export function brokerSessions({ identity, folder, manager, ...deps }: FindDeps): (signal: AbortSignal) => Promise<Session> {
  let known = identity;
  return async (signal) => {
    try {
      return await openSession({ ...deps, identity: known }, signal);
    } catch (cause) {
      if (signal.aborted || toFault(cause).code !== 'unreachable') throw cause;
      const mqtt = await whereNow(known, { manager, log: deps.log }, signal);
      if (mqtt === undefined || mqtt === known.mqtt) throw cause;
      const { privatePem: _key, ...enrolment } = known;
      await storeEnrolment(folder, { ...enrolment, mqtt });
      deps.log.info({ from: known.mqtt, to: mqtt }, 'link.broker-moved');
      known = { ...known, mqtt };
      return openSession({ ...deps, identity: known }, signal);
    }
  };
}

async function whereNow({ ca, certificate, privatePem }: Identity, { manager, log }: { manager: string; log: Log }, signal: AbortSignal): Promise<string | undefined> {
  try {
    const answer = await exchangeJson(new URL(devicePaths.addresses, manager), { method: 'GET', trust: { ca, cert: certificate, key: privatePem } }, signal);
    return check(DeviceAddresses, answer, { what: 'addresses', code: 'unreachable' }).mqtt;
  } catch (cause) {
    // The manager is away as well: the failure of the broker is the one that counts.
    log.debug({ reason: toFault(cause).message }, 'link.manager-silent');
    return undefined;
  }
}
