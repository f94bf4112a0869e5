import { type Log, check, toFault } from '@pier/shared/core';
import { DeviceAddresses, devicePaths } from '@pier/shared/enroll';
import type { HeldIdentity } from './held-identity.ts';
import { exchangeJson } from './https.ts';
import type { Identity } from './identity.ts';
import { type Session, type SessionDeps, openSession } from './session.ts';

export type FindDeps = Omit<SessionDeps, 'identity'> & { readonly held: HeldIdentity; readonly manager: string; readonly log: Log };

/**
 * Opens sessions with the broker where it was last. When nobody answers there, the manager is asked where it is now (its ports
 * may have changed with a restart), and the answer is kept. Only a manager with a certificate of the pinned authority is believed.
 * A session ends when its certificate is no more the device's.
 */
export function brokerSessions({ held, manager, ...deps }: FindDeps): (signal: AbortSignal) => Promise<Session> {
  return async (signal) => {
    const { pair } = held;
    const session = await find({ held, manager, ...deps }, signal);
    const end = (): void => void session[Symbol.asyncDispose]();
    if (pair.aborted) end();
    pair.addEventListener('abort', end, { once: true });
    session.lost.addEventListener('abort', () => pair.removeEventListener('abort', end), { once: true });
    return session;
  };
}

async function find({ held, manager, ...deps }: FindDeps, signal: AbortSignal): Promise<Session> {
  try {
    return await openSession({ ...deps, identity: held.now }, signal);
  } catch (cause) {
    if (signal.aborted || toFault(cause).code !== 'unreachable') throw cause;
    const from = held.now.mqtt;
    const mqtt = await whereNow(held.now, { manager, log: deps.log }, signal);
    if (mqtt === undefined || mqtt === from) throw cause;
    await held.moved(mqtt);
    deps.log.info({ from, to: mqtt }, 'link.broker-moved');
    return openSession({ ...deps, identity: held.now }, signal);
  }
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
