import { X509Certificate } from 'node:crypto';
import type { RenewResponse } from '@pier/shared/enroll';
import { type Enrolment, type Identity, keepNextKey, storeEnrolment } from './identity.ts';

/** The identity in force. What changes of it is on disk before it counts, one change after the other. */
export class HeldIdentity {
  readonly #folder: string;
  #now: Identity;
  #pair = new AbortController();
  #changes: Promise<void> = Promise.resolve();

  constructor(folder: string, identity: Identity) {
    this.#folder = folder;
    this.#now = identity;
  }

  get now(): Identity {
    return this.#now;
  }

  /** How the manager is reached with it: by its authority, whatever the board's clock says. */
  get tls(): { readonly ca: string; readonly cert: string; readonly key: string; readonly pinned: true } {
    return { ca: this.#now.ca, cert: this.#now.certificate, key: this.#now.privatePem, pinned: true };
  }

  /** Aborts when the certificate that is in force now is no more. */
  get pair(): AbortSignal {
    return this.#pair.signal;
  }

  /** The broker is elsewhere. */
  async moved(mqtt: string): Promise<void> {
    await this.#change(async () => {
      await storeEnrolment(this.#folder, enrolmentOf({ ...this.#now, mqtt }));
      this.#now = { ...this.#now, mqtt };
    });
  }

  /** Takes over a certificate for the next key. A kill at any point leaves the old pair or the new one: `storedIdentity` finishes what began. */
  async renewed({ certificate, issuedMs }: RenewResponse, privatePem: string, onStored: () => void = () => {}): Promise<void> {
    await this.#change(async () => {
      const next = { ...this.#now, certificate, issuedMs, privatePem };
      await storeEnrolment(this.#folder, enrolmentOf(next));
      onStored();
      await keepNextKey(this.#folder);
      this.#take(next);
    });
  }

  /** Takes over another certificate for the same key, given for a claim token. */
  async reissued(enrolment: Enrolment): Promise<void> {
    await this.#change(async () => {
      await storeEnrolment(this.#folder, enrolment);
      this.#take({ ...enrolment, privatePem: this.#now.privatePem });
    });
  }

  #take(next: Identity): void {
    this.#now = next;
    const former = this.#pair;
    this.#pair = new AbortController();
    former.abort();
  }

  async #change(act: () => Promise<void>): Promise<void> {
    const done = this.#changes.then(act);
    this.#changes = done.catch(() => {
      // Whoever asked for the change hears of it.
    });
    await done;
  }
}

function enrolmentOf({ privatePem: _key, ...enrolment }: Identity): Enrolment {
  return enrolment;
}

/** Certificates of managers that did not say when they signed lived that long. */
const lifeBeforeMs = 730 * 86_400_000;

/** From when until when the certificate is good, by the manager's clock. */
export function lifeOf({ certificate, issuedMs }: Pick<Identity, 'certificate' | 'issuedMs'>): { readonly fromMs: number; readonly toMs: number } {
  const toMs = new X509Certificate(certificate).validToDate.getTime();
  return { fromMs: issuedMs ?? toMs - lifeBeforeMs, toMs };
}
