/**
 * First trust. The attack this stops: whoever answers under the manager's address. Nothing is believed but what the claim
 * token pins: the authority's fingerprint for TLS, and the root key for the policy.
 */
import { X509Certificate, createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import * as z from 'zod';
import { type Clock, Fault, type FaultCode, KeyId, type Log, type Random, backoffMs, check, toFault } from '@pier/shared/core';
import { EnrollResponse, decodeToken, devicePaths } from '@pier/shared/enroll';
import type { BoardProfile } from '@pier/shared/hardware';
import { openPolicy } from '@pier/shared/signing';
import { makeCertificateRequest } from '@pier/shared/x509';
import { exchangeJson } from './https.ts';
import { type Enrolment, type Identity, deviceKey, fits, storeEnrolment, storedIdentity } from './identity.ts';

export type EnrolDeps = { readonly folder: string; readonly manager: string; readonly clock: Clock; readonly random: Random; readonly log: Log };
/** `profile` waits for the board; a token that is none is told before. */
export type Claim = { readonly token: string | undefined; readonly tokenFile?: string | undefined; readonly profile: () => Promise<BoardProfile>; readonly name: string | undefined };
type Token = NonNullable<ReturnType<typeof decodeToken>>;

const Authority = z.strictObject({ ca: z.string().max(16_384) });
/** How long to wait before asking again whether a person has let this device in, and how often to say so. */
const pendingWait = { firstMs: 5_000, mostMs: 60_000, sayEveryMs: 60_000 } as const;
/** The subject in a request is not what counts: the manager names the device. */
const placeholder = 'unnamed';
const final: ReadonlySet<FaultCode> = new Set(['token-invalid', 'token-expired', 'token-used', 'input-invalid', 'forbidden', 'certificate-invalid', 'certificate-superseded', 'policy-invalid'] as const);

/**
 * The identity of this device: the stored one, or a new one for the claim token. Waits for a manager that does not answer,
 * and for a person who lets the device in. Faults: those of a bad token, `certificate-invalid` when the authority is not the one that the token names.
 */
export async function enrolOnce(deps: EnrolDeps, claim: Claim, signal: AbortSignal): Promise<Identity> {
  const stored = await storedIdentity(deps.folder);
  if (stored) return stored;
  const token = decodeToken(claim.token ?? '');
  if (!token) throw new Fault('token-invalid', claim.token === undefined ? 'this device is not enrolled yet: a claim token is needed (--token, --token-file or PIER_TOKEN)' : 'the claim token is damaged: "pier1." and the rest as it was shown were expected');
  const wanted = { token, tokenFile: claim.tokenFile, name: claim.name, profile: await claim.profile() };
  const patience = newPatience(deps);
  for (let tries = 0; ; tries += 1) {
    try {
      return await enrol(deps, wanted, signal);
    } catch (cause) {
      signal.throwIfAborted();
      const fault = toFault(cause);
      if (final.has(fault.code)) throw fault;
      if (fault.code === 'device-pending') {
        await patience.wait(fault.message, signal);
        // The manager answers: what was in the way before is over.
        tries = -1;
        continue;
      }
      deps.log.warn({ code: fault.code, reason: fault.message, tries }, 'enrolment.failed');
      await deps.clock.sleep(500 + backoffMs(tries, deps.random, { baseMs: 2_000, capMs: 60_000 }), signal);
    }
  }
}

/** Waits ever longer for a person, and says so seldom: a shelf of boards may wait for days. */
function newPatience({ clock, log }: EnrolDeps): { wait(reason: string, signal: AbortSignal): Promise<void> } {
  const now: { waitMs: number; saidMs: number | undefined } = { waitMs: pendingWait.firstMs, saidMs: undefined };
  return {
    wait: async (reason, signal) => {
      const nowMs = clock.monotonicMs();
      if (now.saidMs === undefined || nowMs - now.saidMs >= pendingWait.sayEveryMs) {
        log.info({ reason }, 'enrolment.pending');
        now.saidMs = nowMs;
      }
      await clock.sleep(now.waitMs, signal);
      now.waitMs = Math.min(pendingWait.mostMs, now.waitMs * 1.5);
    },
  };
}

/**
 * Enrols once more with the key in force, for a device whose certificate cannot be renewed any more: a valid claim token gives it
 * another one under its own name. Faults: those of the token, `conflict` when the manager does not know the key.
 */
export async function enrolAgain(deps: EnrolDeps, claim: Claim, known: Identity, signal: AbortSignal): Promise<Enrolment> {
  const token = decodeToken(claim.token ?? '');
  if (!token) throw new Fault('token-invalid', 'a claim token is needed to enrol again (--token, --token-file or PIER_TOKEN)');
  const { enrolment } = await ask(deps, { token, name: claim.name, profile: await claim.profile() }, signal);
  if (enrolment.device !== known.device || enrolment.generation !== known.generation) throw new Fault('conflict', `the manager does not know the key of ${known.device} any more and took this board in as ${enrolment.device}: start it once more with an empty data folder and a new claim token`);
  return enrolment;
}

async function enrol(deps: EnrolDeps, claim: Wanted & Pick<Claim, 'tokenFile'>, signal: AbortSignal): Promise<Identity> {
  const { enrolment, privatePem } = await ask(deps, claim, signal);
  await storeEnrolment(deps.folder, enrolment);
  deps.log.debug({}, 'step.enrolment-stored');
  deps.log.info({ device: enrolment.device, generation: enrolment.generation }, 'device.enrolled');
  if (claim.tokenFile !== undefined) await removeUsed(deps, claim.tokenFile);
  return { ...enrolment, privatePem };
}

/** A token that lies in the device's own folder was put there for the device; one elsewhere is somebody's own file. */
async function removeUsed({ folder, log }: EnrolDeps, tokenFile: string): Promise<void> {
  if (!resolve(tokenFile).startsWith(`${resolve(folder)}${sep}`)) return;
  try {
    await rm(tokenFile, { force: true });
  } catch (cause) {
    // The device is enrolled all the same, and the token gives nothing a second time.
    log.warn({ reason: toFault(cause).message }, 'token.not-removed');
  }
}

type Wanted = { readonly token: Token; readonly profile: BoardProfile; readonly name: string | undefined };

async function ask(deps: EnrolDeps, claim: Wanted, signal: AbortSignal): Promise<{ readonly enrolment: Enrolment; readonly privatePem: string }> {
  const { token } = claim;
  const privatePem = await deviceKey(deps.folder);
  deps.log.debug({}, 'step.key-made');
  const ca = await pinnedAuthority(deps.manager, token.caFingerprint, signal);
  const csr = await makeCertificateRequest({ privatePem, commonName: placeholder });
  const request = { secret: token.secret, csr, profile: claim.profile, ...(claim.name === undefined ? {} : { name: claim.name }) };
  const answer = await exchangeJson(new URL(devicePaths.enroll, deps.manager), { method: 'POST', body: request, trust: { ca } }, signal);
  const response = check(EnrollResponse, answer, { what: 'answer to the enrolment', code: 'unreachable' });
  deps.log.debug({}, 'step.enrolment-answered');
  const rootId = KeyId.parse(token.rootId);
  const policy = openPolicy(response.policy, { rootId });
  if (!policy.ok) throw new Fault(policy.refusal.code, policy.refusal.reason);
  if (!fits(privatePem, response.certificate)) throw new Fault('certificate-invalid', 'the manager gave a certificate that is not for the key of this device');
  // The authority is the one that was pinned, whatever the answer carries.
  return { enrolment: { ...response, ca, rootId, manager: deps.manager }, privatePem };
}

/** Asks for the authority without trust, and takes it only when it is the one that the token names. */
async function pinnedAuthority(manager: string, fingerprint: string, signal: AbortSignal): Promise<string> {
  const url = new URL(devicePaths.ca, manager);
  const { ca } = check(Authority, await exchangeJson(url, { method: 'GET', trust: 'unverified' }, signal), { what: `answer of ${url.href}`, code: 'unreachable' });
  const seen = fingerprintOf(ca);
  if (seen !== fingerprint) throw new Fault('certificate-invalid', `the authority of ${url.host} has fingerprint ${seen}, the claim token names ${fingerprint}: this is not the manager that gave the token`);
  return ca;
}

function fingerprintOf(pem: string): string {
  try {
    return createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
  } catch (cause) {
    throw new Fault('unreachable', 'the manager gave no readable certificate of its authority', {}, cause);
  }
}

/** The newest trust policy, over TLS with the device's certificate; not yet opened. */
export async function fetchPolicy(identity: Identity, manager: string, signal: AbortSignal): Promise<unknown> {
  const { ca, certificate, privatePem } = identity;
  return exchangeJson(new URL(devicePaths.policy, manager), { method: 'GET', trust: { ca, cert: certificate, key: privatePem } }, signal);
}
