/**
 * A certificate is renewed when two thirds of its life are over, with a new key that was made here. The manager's clock
 * decides, not the board's. What a device cannot do any more with its certificate it is told by the manager: one that has run
 * out can be renewed for a while, and after that a claim token brings the device back under its own name.
 */
import { X509Certificate } from 'node:crypto';
import { type Clock, Fault, type FaultCode, type Log, type Random, backoffMs, check, toFault } from '@pier/shared/core';
import { DeviceAddresses, RenewResponse, devicePaths } from '@pier/shared/enroll';
import { makeCertificateRequest } from '@pier/shared/x509';
import { Wake } from '../wake.ts';
import { type HeldIdentity, lifeOf } from './held-identity.ts';
import { exchangeJson, exchangeTimed } from './https.ts';
import { type Enrolment, type Identity, fits, nextKey } from './identity.ts';

export type CertificateDeps = {
  readonly held: HeldIdentity;
  readonly folder: string;
  readonly manager: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Enrols once more with the key in force; absent without a claim token. */
  readonly again: ((signal: AbortSignal) => Promise<Enrolment>) | undefined;
};

const dayMs = 86_400_000;
const firstLookMs = 10 * 60_000;
const failedMostMs = 3_600_000;

/** Part of its life after which a certificate is renewed; `chance` from 0 to 1 spreads a fleet that was enrolled in one hour. */
export function dueMs({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }, chance: number): number {
  return fromMs + (toMs - fromMs) * (2 / 3 + (chance - 0.5) / 10);
}

/** What the manager says of a pair that no renewal will mend. */
const lost: ReadonlySet<FaultCode> = new Set(['certificate-expired', 'certificate-superseded', 'certificate-invalid', 'device-revoked', 'forbidden'] as const);

export class CertificateKeeper {
  readonly #deps: CertificateDeps;
  readonly #wake = new Wake();
  readonly #chance: number;
  #failures = 0;

  constructor(deps: CertificateDeps) {
    this.#deps = deps;
    this.#chance = deps.random();
  }

  /** The broker does not take the pair: the manager may say why. */
  look(): void {
    this.#wake.kick();
  }

  /** Keeps the certificate good until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps;
    let waitMs = random() * Math.min(firstLookMs, this.#lifeMs() / 10);
    while (!signal.aborted) {
      try {
        await this.#wake.next(signal, { clock, timeoutMs: waitMs });
        waitMs = await this.#turn(signal);
        this.#failures = 0;
      } catch (cause) {
        if (signal.aborted) return;
        waitMs = this.#failed(toFault(cause));
      }
    }
  }

  /** Out: how long to wait before looking again. */
  async #turn(signal: AbortSignal): Promise<number> {
    const managerMs = await this.#managerMs(signal);
    const atMs = dueMs(lifeOf(this.#deps.held.now), this.#chance);
    if (managerMs !== undefined && managerMs < atMs) return Math.min(Math.max(atMs - managerMs, 250), dayMs);
    try {
      await this.#renew(signal);
    } catch (cause) {
      const { again, held, log } = this.#deps;
      if (!again || toFault(cause).code !== 'certificate-expired') throw cause;
      log.warn({ reason: toFault(cause).message }, 'certificate.enrolling-again');
      await held.reissued(await again(signal));
    }
    return Math.min(this.#lifeMs() / 3, dayMs);
  }

  /** Undefined when the manager says that the certificate has run out: no time could be more pressing. Faults: those of the exchange. */
  async #managerMs(signal: AbortSignal): Promise<number | undefined> {
    const { held, manager } = this.#deps;
    try {
      const { json, managerMs } = await exchangeTimed(new URL(devicePaths.addresses, manager), { method: 'GET', trust: trustOf(held.now) }, signal);
      check(DeviceAddresses, json, { what: 'addresses', code: 'unreachable' });
      if (managerMs === undefined) throw new Fault('unreachable', 'the manager did not tell the time');
      return managerMs;
    } catch (cause) {
      if (toFault(cause).code === 'certificate-expired') return undefined;
      throw cause;
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { held, folder, manager, log } = this.#deps;
    const { device } = held.now;
    const privatePem = await nextKey(folder);
    log.debug({}, 'step.renewal-key-made');
    const csr = await makeCertificateRequest({ privatePem, commonName: device });
    const answer = await exchangeJson(new URL(devicePaths.renew, manager), { method: 'POST', body: { csr }, trust: trustOf(held.now) }, signal);
    const response = check(RenewResponse, answer, { what: 'answer to the renewal', code: 'unreachable' });
    log.debug({}, 'step.renewal-answered');
    const wrong = certificateFault(response.certificate, privatePem, held.now);
    if (wrong !== undefined) throw new Fault('certificate-invalid', `the manager's answer to the renewal is of no use: ${wrong}`);
    await held.renewed(response, privatePem, () => log.debug({}, 'step.renewal-stored'));
    log.info({ device, until: new X509Certificate(response.certificate).validToDate.toISOString() }, 'certificate.renewed');
  }

  #failed(fault: Fault): number {
    const { log, random } = this.#deps;
    log[lost.has(fault.code) ? 'error' : 'warn']({ code: fault.code, reason: fault.message, failures: this.#failures }, 'certificate.not-renewed');
    const mostMs = Math.min(failedMostMs, this.#lifeMs() / 20);
    this.#failures += 1;
    return mostMs / 20 + backoffMs(this.#failures, random, { baseMs: 60_000, capMs: mostMs });
  }

  #lifeMs(): number {
    const { fromMs, toMs } = lifeOf(this.#deps.held.now);
    return Math.max(toMs - fromMs, 1_000);
  }
}

function trustOf({ ca, certificate: cert, privatePem: key }: Identity): { ca: string; cert: string; key: string } {
  return { ca, cert, key };
}

/** Why a certificate would not be this device's: the pair in force is given up for it. */
function certificateFault(certificate: string, privatePem: string, { ca, device }: Identity): string | undefined {
  if (!fits(privatePem, certificate)) return 'it is not for the key that was asked with';
  const [leaf, authority] = [new X509Certificate(certificate), new X509Certificate(ca)];
  if (!leaf.checkIssued(authority) || !leaf.verify(authority.publicKey)) return 'it is not by the authority of this device';
  return leaf.subject === `CN=${device}` ? undefined : `it names ${leaf.subject.slice(0, 80)}`;
}
